using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// What the healer itself must remember in transactions: open incidents and their signals, the ledger of operations, outcomes, hand-offs.
/// Every method may be repeated with the same arguments and then changes nothing more. Failures of the database are thrown as they are.
/// </summary>
public interface IHealStore
{
    /// <summary>Attaches a signal to the incident of its target, or opens one, in one transaction.</summary>
    /// <param name="open">Builds the input of a new incident from its episode.</param>
    Task<JoinResult> JoinAsync(
        JoinRequest request, TimeSpan joinWindow, DateTimeOffset now, Func<int, IncidentInput> open, CancellationToken cancellationToken);

    /// <summary>Records a signal that leads to no incident.</summary>
    Task RecordSignalAsync(UnroutedSignal signal, CancellationToken cancellationToken);

    /// <summary>Closes an incident, unless signals were attached that it has not looked at.</summary>
    Task<CloseResult> CloseAsync(CloseRequest request, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>The operation under a key; null when there is none.</summary>
    Task<Operation?> FindOperationAsync(string key, CancellationToken cancellationToken);

    /// <summary>Commits the intent to operate. Returns the row that is in the ledger under the key, which may be an earlier one.</summary>
    Task<Operation> IntendAsync(Operation operation, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="IntendAsync"/>, unless another operation on the same target, begun after <paramref name="busySince"/>, has not ended:
    /// then nothing is written and that one's row is returned. Decided one at a time per target, whoever asks.
    /// </summary>
    Task<Operation> IntendUnlessBusyAsync(Operation operation, DateTimeOffset busySince, CancellationToken cancellationToken);

    /// <summary>
    /// The key of a temporary effect that stands on that of an operation: made after it, on the same object or by the same action on the
    /// same target, and not ended yet. Null: there is none.
    /// </summary>
    /// <param name="mark">The key that the object carries now; null when it carries none.</param>
    Task<string?> StandingOnAsync(Operation operation, string? mark, CancellationToken cancellationToken);

    /// <summary>Notes how an operation ended. The first note stays. Returns the row as it is then.</summary>
    Task<Operation> FinishAsync(string key, OperationEnd end, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Operations on a target by other incidents since a time, newest first, at most 100.</summary>
    Task<IReadOnlyList<PastOperation>> HistoryAsync(
        string targetKey, string exceptIncident, DateTimeOffset since, CancellationToken cancellationToken);

    Task RecordOutcomeAsync(IncidentOutcome outcome, CancellationToken cancellationToken);
}
