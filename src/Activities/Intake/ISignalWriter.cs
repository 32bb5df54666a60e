using Heal.Healing;

namespace Heal.Activities;

/// <summary>Where every door brings its signals.</summary>
public interface ISignalWriter
{
    /// <summary>
    /// Stores signals durably, those of one call together with those of others. Returns when they are committed; a call that is cancelled,
    /// or fails, may have stored its signals all the same, and they are recognised when they come again.
    /// </summary>
    /// <returns>For each signal, in order: true when it is new, false when it was stored before.</returns>
    /// <exception cref="IntakeFullException">Too many wait already.</exception>
    Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<Signal> signals, CancellationToken cancellationToken);

    /// <summary>
    /// True when new signals are on their way through this process, or were committed by it since routing, in this process, last found
    /// that none is left. Where routing runs in another process it stays true.
    /// </summary>
    bool HasNews { get; }
}

/// <summary>More signals came than could be stored; nothing of this call was.</summary>
public sealed class IntakeFullException(int waiting, int limit)
    : Exception($"{waiting} signals wait to be stored, of {limit} that may (Heal:Intake:MaxWaitingSignals).")
{
    public int Waiting { get; } = waiting;

    public int Limit { get; } = limit;
}
