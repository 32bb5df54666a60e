namespace Heal.Drivers.Libvirt.Calls;

/// <summary>
/// One per host: after <see cref="LibvirtHostOptions.BreakAfter"/> failures in a row calls are refused at once for
/// <see cref="LibvirtHostOptions.BreakFor"/>; then one is let through, and its outcome decides. Only what says that the host does not
/// answer counts (timeouts, connections lost or refused), and only when no call that began later was answered: one frozen guest on a host
/// that answers everything else opens nothing.
/// </summary>
/// <param name="changed">Told after a change: open or closed, and the last failure.</param>
internal sealed class Breaker(string host, int breakAfter, TimeSpan breakFor, TimeProvider time, Action<bool, string> changed)
{
    private readonly Lock _gate = new();
    private int _failures;
    private long _answeredAt = long.MinValue;
    private DateTimeOffset? _openUntil;
    private bool _trialRuns;
    private string _lastFailure = "";

    public bool IsOpen
    {
        get
        {
            lock (_gate)
                return _openUntil is not null;
        }
    }

    /// <summary>When the call began: given back with its outcome.</summary>
    /// <exception cref="LibvirtUnreachableException">The breaker is open.</exception>
    public Pass Enter()
    {
        lock (_gate)
        {
            if (_openUntil is not { } until)
                return new Pass(this, time.GetTimestamp(), IsTrial: false);
            var left = until - time.GetUtcNow();
            if (left > TimeSpan.Zero || _trialRuns)
                throw new LibvirtUnreachableException(
                    host,
                    $"refused at once after {_failures} failures in a row, tried again "
                    + (_trialRuns ? "by a call that is under way" : $"in {left.TotalSeconds:0.#} s")
                    + $"; the last failure: {_lastFailure}");
            _trialRuns = true;
            return new Pass(this, time.GetTimestamp(), IsTrial: true);
        }
    }

    /// <summary>The host could not be reached at all: counts without a pass.</summary>
    public void Failed(string reason) => Failed(new Pass(this, long.MaxValue, IsTrial: false), reason);

    private void Failed(Pass pass, string reason)
    {
        bool opened;
        lock (_gate)
        {
            if (!pass.IsTrial && pass.BeganAt < _answeredAt)
                return;
            _failures++;
            _lastFailure = reason;
            var isOpen = _openUntil is not null;
            if (_failures < breakAfter && !isOpen)
                return;
            _openUntil = time.GetUtcNow() + breakFor;
            opened = !isOpen;
        }

        if (opened)
            changed(true, reason);
    }

    private void Answered()
    {
        string reason;
        lock (_gate)
        {
            _answeredAt = time.GetTimestamp();
            _failures = 0;
            if (_openUntil is null)
                return;
            _openUntil = null;
            reason = _lastFailure;
        }

        changed(false, reason);
    }

    private void Leave(Pass pass)
    {
        if (!pass.IsTrial)
            return;
        lock (_gate)
            _trialRuns = false;
    }

    /// <summary>A call that was let through.</summary>
    public readonly record struct Pass(Breaker Owner, long BeganAt, bool IsTrial) : IDisposable
    {
        /// <summary>The host answered, be it with a refusal.</summary>
        public void Answered() => Owner.Answered();

        public void Failed(string reason) => Owner.Failed(this, reason);

        public void Dispose() => Owner.Leave(this);
    }
}
