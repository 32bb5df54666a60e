namespace Heal.Healing;

/// <summary>
/// One fault of one target as one detector sees it, however many objects show it. Decides when a signal is due: at the beginning, when the
/// fault comes back after a calm, and at the end; never more often than <see cref="BankLimits"/> allow.
/// </summary>
internal sealed class Episode(string fingerprint)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    // Objects that show the fault, and since when they do not.
    private readonly Dictionary<string, DateTimeOffset?> _members = new(StringComparer.Ordinal);
    private readonly List<DateTimeOffset> _sent = [];
    private Signal? _waiting;
    private Signal? _sentLast;
    private Signal? _healed;
    private DateTimeOffset _lastStart = DateTimeOffset.MinValue;

    public string Fingerprint { get; } = fingerprint;

    public bool IsOpen => _sentLast is not null || _waiting is not null;

    /// <summary>Nothing is left to remember.</summary>
    public bool IsForgettable(DateTimeOffset now) => !IsOpen && _members.Count == 0 && _sent.TrueForAll(at => now - at >= Hour);

    /// <summary>It was sent before a restart, and is being or was taken care of.</summary>
    public void Adopt(KnownEpisode known)
    {
        _sent.Add(known.Signal.ReceivedAt);
        _lastStart = known.Signal.Alert.StartsAt;
        if (known.IsSettled) _healed = known.Signal;
        else _sentLast = known.Signal;
    }

    /// <param name="beganUnseen">Its start is the time at which this process saw it first.</param>
    /// <returns>The signal to send now, if any.</returns>
    public Signal? Fires(string uid, Signal signal, DateTimeOffset now, bool beganUnseen = false)
    {
        var wasFiring = _members.Values.Any(calm => calm is null);
        var isNew = _members.Count == 0;
        _members[uid] = null;
        if (_healed is { } healed)
        {
            // A sign that stays when its fault is healed (a Job that has failed, say) was told of; only what began later is another fault.
            if (beganUnseen || signal.Alert.StartsAt <= healed.Alert.StartsAt)
            {
                _sentLast = healed;
                return null;
            }

            (_healed, _sentLast, _waiting) = (null, null, signal);
            return Due(now);
        }

        if (wasFiring)
        {
            // Somebody waits for room: let it be the newest word.
            if (_waiting is not null && signal.Alert.StartsAt > _lastStart) _waiting = signal;
            return null;
        }

        // Known from before a restart.
        if (isNew && _sentLast is not null) return null;
        // It came back: only a later beginning is another one.
        if (_sentLast is not null && signal.Alert.StartsAt <= _sentLast.Alert.StartsAt) return null;
        // The same beginning once more, after an end: a signal of that beginning exists, and a second one would be taken for a copy.
        _waiting = signal.Alert.StartsAt > _lastStart ? signal : DetectorSignals.StartingAt(signal, now);
        return Due(now);
    }

    public void IsCalm(string uid, DateTimeOffset now)
    {
        if (_members.TryGetValue(uid, out var calm) && calm is null) _members[uid] = now;
    }

    /// <returns>The signal that is due: one that waited for room, or the end.</returns>
    public Signal? Due(DateTimeOffset now, TimeSpan? clearAfter = null)
    {
        _sent.RemoveAll(at => now - at >= Hour);
        var isFiring = _members.Values.Any(calm => calm is null);
        if (isFiring)
        {
            if (_waiting is null || Room(now) > now) return null;
            _sentLast = _waiting;
            _waiting = null;
            _lastStart = _sentLast.Alert.StartsAt;
            _sent.Add(now);
            return _sentLast;
        }

        if (clearAfter is null || !_members.Values.All(calm => now - calm >= clearAfter)) return null;
        var ended = _sentLast;
        _members.Clear();
        (_waiting, _sentLast, _healed) = (null, null, null);
        return ended is null ? null : DetectorSignals.Resolved(ended, now);
    }

    /// <summary>When to look again; null when nothing is due by itself.</summary>
    public DateTimeOffset? Next(TimeSpan clearAfter, DateTimeOffset now)
    {
        if (_members.Values.Any(calm => calm is null)) return _waiting is null ? null : Room(now);
        if (_members.Count > 0) return _members.Values.Max() + clearAfter;
        if (IsOpen) return now + clearAfter;
        return _sent.Count > 0 ? _sent[^1] + Hour : null;
    }

    private DateTimeOffset Room(DateTimeOffset now)
    {
        if (_sent.Count == 0) return now;
        var afterLast = _sent[^1] + BankLimits.BetweenSignals;
        if (_sent.Count < BankLimits.SignalsPerHour) return afterLast;
        var hour = _sent[^BankLimits.SignalsPerHour] + Hour;
        return hour > afterLast ? hour : afterLast;
    }
}

/// <summary>The last signal about a fault that was stored before this process began.</summary>
/// <param name="IsSettled">Its incident ended well: what began later is a new fault.</param>
public sealed record KnownEpisode(Signal Signal, bool IsSettled);
