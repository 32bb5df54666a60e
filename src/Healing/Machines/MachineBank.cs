namespace Heal.Healing;

/// <summary>A fault that the rules found on a look at one target.</summary>
/// <param name="Detector">The name of the cause, in the style of the other detectors.</param>
/// <param name="Uid">Of the target: the same on every healer and after every restart.</param>
public sealed record MachineFault(
    string Detector, string Alert, TargetReference Target, string Uid, DateTimeOffset Since, string Summary,
        IReadOnlyList<string> Evidence)
{
    /// <summary>The ids of the events that show it.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];
}

/// <summary>
/// Turns looks at machines into signals: one per fault and target, at its beginning and at its end, damped as the detectors of the cluster
/// are. What is sent is what the shipped alert would have been. Pure but for its own memory: time comes from the caller, calls from one
/// thread.
/// </summary>
public sealed class MachineBank
{
    /// <summary>How long a fault must not show until its end is told.</summary>
    public static readonly TimeSpan ClearAfter = TimeSpan.FromSeconds(30);

    /// <summary>What is less sure than this is left to alerts.</summary>
    public const double LeastConfidence = 0.6;

    private static readonly Dictionary<string, string> Alerts = new(StringComparer.Ordinal)
    {
        [MachineCauses.GuestPanicked] = "LibvirtDomainCrashed",
        [MachineCauses.GuestKilled] = "LibvirtDomainCrashed",
        [MachineCauses.GuestWatchdog] = "LibvirtDomainWatchdog",
        [MachineCauses.GuestUnresponsive] = "LibvirtDomainGuestUnresponsive",
        [MachineCauses.GuestLeftPaused] = "LibvirtDomainLeftPaused",
        [MachineCauses.PausedOnIoError] = "LibvirtDomainPausedIOError",
        [MachineCauses.DiskBroken] = "LibvirtDomainPausedIOError",
        [MachineCauses.UnexpectedShutoff] = "LibvirtDomainUnexpectedShutoff",
        [MachineCauses.StoppedWhileHostDaemonDown] = "LibvirtDomainUnexpectedShutoff",
        [MachineCauses.BootFailure] = "LibvirtDomainBootFailure",
        [MachineCauses.BlockJobFailed] = "LibvirtDomainBlockJobFailed",
        [MachineCauses.MigrationStuck] = "LibvirtDomainMigrationStuck",
        [MachineCauses.StoragePoolFilling] = "LibvirtStoragePoolFillingUp",
        [MachineCauses.StoragePoolInactive] = "LibvirtStoragePoolFillingUp",
        [MachineCauses.HypervisorDown] = "LibvirtdUnresponsive",
        [MachineCauses.HypervisorOvercommitted] = "HypervisorOvercommit",
        [MachineCauses.LeftCopy] = "LibvirtDomainLeftCopy",
        [MachineCauses.GuestRunsTwice] = "LibvirtDomainRunsTwice",
    };

    private readonly Dictionary<string, Episode> _episodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KnownEpisode> _known = new(StringComparer.Ordinal);
    private readonly DueList<string> _due = new();

    // The notes of the last hour in the order in which they were told, and how many there are of each kind and machine.
    private readonly Queue<(DateTimeOffset At, (string Detector, TargetReference Target) Of)> _notes = new();
    private readonly Dictionary<(string Detector, TargetReference Target), int> _noted = [];

    /// <summary>When <see cref="Tick"/> has something to do, if nothing is looked at until then.</summary>
    public DateTimeOffset? NextDue => _due.Next;

    /// <summary>The fault that a look shows: the best explained one; null when it shows none.</summary>
    public static MachineFault? FaultOf(TargetReference target, string uid, MachineEvidence machine)
    {
        var best = MachineDiagnostician.Findings(target, machine)
            .Where(finding => finding.Accepted?.Confidence >= LeastConfidence)
            .OrderByDescending(finding => finding.Accepted!.Confidence).ThenBy(finding => finding.Accepted!.Cause, StringComparer.Ordinal)
            .FirstOrDefault();
        if (best?.Accepted is not { } found) return null;

        // Room that came back is news: what could not be done before can be done now.
        var hasRoom = found.Cause == MachineCauses.PausedOnIoError && machine.Pools.Count > 0
            && machine.Pools.All(pool => pool.AvailableBytes >= 64L * 1024 * 1024);
        var events = machine.Events.Where(item => found.Evidence.Contains(item.Id)).ToList();
        var lines = events.Select(item => $"{item.At:u} {item.Kind} {item.Detail}");
        return new MachineFault(
            hasRoom ? $"{found.Cause}WithRoom" : found.Cause, Alerts[found.Cause], target, uid,
            hasRoom ? machine.At : best.Since ?? machine.At, found.Statement, [found.Statement, .. lines])
        {
            Events = [.. events.Select(item => item.Id)],
        };
    }

    /// <summary>Tells of the signals that were stored before this process began.</summary>
    public void Adopt(IEnumerable<KnownEpisode> known)
    {
        foreach (var episode in known) _known[episode.Signal.Alert.Fingerprint] = episode;
    }

    /// <summary>A target was looked at, and shows this fault or none.</summary>
    public IReadOnlyList<Signal> Look(TargetReference target, string uid, MachineFault? fault, DateTimeOffset now)
    {
        var found = new List<Signal>();
        foreach (var detector in Detectors(target.Kind))
        {
            if (fault?.Detector != detector) Calm(detector, uid, now);
        }

        if (fault is not null) Fire(fault, now, found);
        found.AddRange(Tick(now));
        return found;
    }

    /// <summary>Something happened to a target that is no fault.</summary>
    /// <returns>Its signal; null when so many of its kind, or so many at all (<see cref="BankLimits.Memories"/>), were told within the hour
    /// that one more would only hide others.</returns>
    public Signal? Note(MachineFault note, DateTimeOffset now)
    {
        ForgetNotes(now);
        var told = _noted.GetValueOrDefault((note.Detector, note.Target));
        if (told >= BankLimits.NotesPerHour || _notes.Count >= BankLimits.Memories) return null;
        _noted[(note.Detector, note.Target)] = told + 1;
        _notes.Enqueue((now, (note.Detector, note.Target)));
        return SignalOf(note, now, "info");
    }

    /// <summary>Does what time has made due.</summary>
    public IReadOnlyList<Signal> Tick(DateTimeOffset now)
    {
        ForgetNotes(now);
        var found = new List<Signal>();
        while (_due.TryTake(now, out var fingerprint))
        {
            if (!_episodes.TryGetValue(fingerprint, out var episode)) continue;
            if (episode.Due(now, ClearAfter) is { } signal) found.Add(signal);
            if (episode.IsForgettable(now)) _episodes.Remove(fingerprint);
            else if (episode.Next(ClearAfter, now) is { } next && next > now) _due.Add(fingerprint, next);
        }

        return found;
    }

    /// <summary>Kinds of notes and machines that are remembered, so that a test sees that what is gone is forgotten.</summary>
    internal int Noted => _noted.Count;

    private void ForgetNotes(DateTimeOffset now)
    {
        while (_notes.TryPeek(out var oldest) && now - oldest.At >= TimeSpan.FromHours(1))
        {
            _notes.Dequeue();
            if (--_noted[oldest.Of] == 0) _noted.Remove(oldest.Of);
        }
    }

    private static IEnumerable<string> Detectors(string kind) => kind switch
    {
        TargetKinds.VirtualMachine => Alerts.Keys.Append($"{MachineCauses.PausedOnIoError}WithRoom"),
        TargetKinds.StoragePool => [MachineCauses.StoragePoolFilling, MachineCauses.StoragePoolInactive],
        _ => [MachineCauses.HypervisorDown, MachineCauses.HypervisorOvercommitted],
    };

    private void Fire(MachineFault fault, DateTimeOffset now, List<Signal> found)
    {
        var fingerprint = DetectorSignals.Fingerprint(fault.Detector, fault.Uid);
        var episode = EpisodeOf(fingerprint, creates: true)!;
        if (episode.Fires(fault.Uid, SignalOf(fault, now), now) is { } send) found.Add(send);
        if (episode.Next(ClearAfter, now) is { } next) _due.Add(fingerprint, next);
    }

    private void Calm(string detector, string uid, DateTimeOffset now)
    {
        var fingerprint = DetectorSignals.Fingerprint(detector, uid);
        if (EpisodeOf(fingerprint, creates: false) is not { } episode) return;
        episode.IsCalm(uid, now);
        if (episode.Next(ClearAfter, now) is { } next) _due.Add(fingerprint, next);
    }

    private Episode? EpisodeOf(string fingerprint, bool creates)
    {
        if (_episodes.TryGetValue(fingerprint, out var found)) return found;
        var isKnown = _known.Remove(fingerprint, out var known);
        if (!isKnown && !creates) return null;
        found = new Episode(fingerprint);
        if (isKnown) found.Adopt(known!);
        return _episodes[fingerprint] = found;
    }

    /// <summary>The signal of a fault. What began at the same time is the same signal, whoever looked.</summary>
    public static Signal SignalOf(MachineFault fault, DateTimeOffset now, string severity = "warning")
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["alertname"] = fault.Alert,
            [DetectorSignals.DetectorLabel] = fault.Detector,
            ["severity"] = severity,
            ["host"] = fault.Target.Cluster,
        };
        if (fault.Target.Kind == TargetKinds.VirtualMachine) labels["domain"] = SafeText.Line(fault.Target.Name, AlertLimits.NameLength);
        if (fault.Target.Kind == TargetKinds.StoragePool) labels["pool"] = SafeText.Line(fault.Target.Name, AlertLimits.NameLength);
        var lines = fault.Evidence.Select(line => SafeText.Line(line, BankLimits.LineLength));
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["summary"] = SafeText.Line(fault.Summary, BankLimits.LineLength),
            ["evidence"] = SafeText.Clean(string.Join('\n', lines), BankLimits.EvidenceLength),
        };
        var alert = new Alert(fault.Alert, AlertStatus.Firing, labels, annotations, fault.Since, null,
            DetectorSignals.Fingerprint(fault.Detector, fault.Uid));
        return Signal.Of(alert, SignalSource.Watch, now) with
        {
            Target = new TargetCandidate(fault.Target.Kind, "", fault.Target.Name,
                $"detector {fault.Detector}") { Host = fault.Target.Cluster },
        };
    }
}
