namespace Heal.Healing;

/// <summary>
/// Runs the detectors over a stream of observations and says which signals to send. Keeps one picture of the cluster and a bounded memory;
/// holds, clears, and damps flapping; one signal per fault and target, however many objects show it. Pure but for its own state: time comes
/// from the caller, and so do all observations, in order, from one thread.
/// </summary>
/// <param name="onFault">
/// Told when a detector fails on an object, once per detector and kind of exception; it has seen no fault then.
/// </param>
public sealed class DetectorBank(
    IReadOnlyList<IDetector> detectors, WatchScope scope, Action<IDetector, Observed, Exception>? onFault = null)
{
    private readonly ILookup<string, IDetector> _byKind = detectors
        .SelectMany(detector => detector.Info.Kinds.Select(kind => (kind, detector)))
        .ToLookup(pair => pair.kind, pair => pair.detector, StringComparer.Ordinal);

    private readonly Dictionary<(string Detector, string Uid), Case> _cases = [];
    private readonly Dictionary<(string Detector, string Uid), (IDetector Detector, Episode Episode)> _episodes = [];
    private readonly Dictionary<string, KnownEpisode> _known = new(StringComparer.Ordinal);
    private readonly DueList<(IDetector Detector, ObservedKey Key)> _looks = new();
    private readonly DueList<(string Detector, string Uid)> _ends = new();
    private readonly HashSet<(string Detector, Type Exception)> _failed = [];
    private readonly List<Signal> _out = [];
    private DateTimeOffset? _adoptUntil;
    private DateTimeOffset? _watchedSince;
    private bool _isSynced;

    public ClusterPicture Cluster { get; } = new();

    /// <summary>How much is remembered beside the picture: objects that show something, and faults.</summary>
    public int Remembered => _cases.Count + _episodes.Count + _known.Count;

    /// <summary>When <see cref="Tick"/> has something to do, if nothing changes until then.</summary>
    public DateTimeOffset? NextDue => Earliest(Earliest(_looks.Next, _ends.Next), _adoptUntil);

    /// <summary>Tells of the signals that were stored before; to be called before <see cref="Synced"/>.</summary>
    public void Adopt(IEnumerable<KnownEpisode> known)
    {
        foreach (var episode in known) _known[episode.Signal.Alert.Fingerprint] = episode;
    }

    /// <summary>All objects that there are have been observed: from now on what is seen is judged, beginning with all of them.</summary>
    /// <param name="isComplete">
    /// False: some kinds have not come, and what they show of the known faults may come yet; <see cref="Complete"/> is called once they
    /// have.
    /// </param>
    public IReadOnlyList<Signal> Synced(DateTimeOffset now, bool isComplete = true)
    {
        _isSynced = true;
        if (isComplete) Complete(now);
        foreach (var kind in _byKind.Select(group => group.Key).Order(StringComparer.Ordinal))
        {
            // The oldest first, so that every host finds the same object to be the one that began.
            foreach (var observed in Cluster.All<Observed>(kind).OrderBy(o => o.Info.CreatedAt).ThenBy(o => o.Info.Uid).ToList())
            {
                Judge(observed, now);
            }
        }

        return Drain();
    }

    /// <summary>Nothing is missing any more: a known fault that does not show from now on is over.</summary>
    public void Complete(DateTimeOffset now)
    {
        _watchedSince = now;
        if (_known.Count > 0) _adoptUntil = now + BankLimits.Adoption;
    }

    /// <summary>An object is (now) like this.</summary>
    public IReadOnlyList<Signal> Observe(Observed observed, DateTimeOffset now)
    {
        var old = Cluster.Find(observed.Info.Key);
        if (old is not null && old.Info.Uid != observed.Info.Uid) Forget(old, now);
        Cluster.Put(observed);
        if (!_isSynced) return [];
        Judge(observed, now);
        foreach (var related in Related.To(observed, old, Cluster)) Judge(related, now);
        return Drain();
    }

    /// <summary>An object is gone.</summary>
    public IReadOnlyList<Signal> Remove(ObservedKey key, DateTimeOffset now)
    {
        if (Cluster.Find(key) is not { } old) return [];
        Forget(old, now);
        Cluster.Remove(key);
        if (_isSynced)
        {
            foreach (var related in Related.To(old, old, Cluster)) Judge(related, now);
        }

        return Drain();
    }

    /// <summary>Does what time has made due.</summary>
    public IReadOnlyList<Signal> Tick(DateTimeOffset now)
    {
        while (_looks.TryTake(now, out var look))
        {
            if (Cluster.Find(look.Key) is { } observed) Judge(look.Detector, observed, now);
        }

        while (_ends.TryTake(now, out var episode)) Conclude(episode, now);

        if (_adoptUntil <= now)
        {
            _adoptUntil = null;
            // One that ended well stays known: its sign may outlast it, and is no new fault when it has lasted for long enough once more.
            foreach (var (fingerprint, over) in _known.Where(known => !known.Value.IsSettled).ToList())
            {
                _out.Add(DetectorSignals.Resolved(over.Signal, now));
                _known.Remove(fingerprint);
            }
        }

        return Drain();
    }

    private void Judge(Observed observed, DateTimeOffset now)
    {
        foreach (var detector in _byKind[observed.Info.Kind]) Judge(detector, observed, now);
    }

    private void Judge(IDetector detector, Observed observed, DateTimeOffset now)
    {
        var key = (detector.Info.Name, observed.Info.Uid);
        _cases.TryGetValue(key, out var known);
        var told = known?.Told ?? Known(detector, observed)?.Alert;
        var look = new Look(now, Cluster, known?.Memory ?? DetectorMemory.Empty, known?.Episode is not null || told is not null)
        {
            Told = told, WatchedSince = _watchedSince, Sign = known?.Sign,
        };
        var judged = Ask(detector, observed, look);
        if (judged.Kind != JudgementKind.None) judged = Permit(detector, judged, observed, now);
        var memory = judged.Memory ?? look.Memory;
        if (judged.Kind == JudgementKind.None && known?.Episode is null && memory.Samples.Count == 0)
        {
            if (known is not null) _cases.Remove(key);
            return;
        }

        if (known is null)
        {
            // Where nothing is wrong, forgetting costs a trend and no more.
            if (judged.Kind == JudgementKind.None && _cases.Count >= BankLimits.Memories) return;
            _cases[key] = known = new Case();
        }

        known.Memory = memory;
        known.Told = judged.Kind == JudgementKind.None ? null : told;
        if (known.Sign?.Since != judged.Since) known.Sign = judged.Since is { } since ? (since, now) : null;
        if (judged.Kind == JudgementKind.Suspect) known.IsResumed |= Resume(detector, observed, judged, known, now);
        else known.IsResumed = false;
        if (judged.Kind == JudgementKind.Firing) Fire(detector, observed, judged, known, now);
        else if (known is { Episode: { } episode, IsResumed: false }) Calm(episode, observed, known, now);
        if (judged.Kind == JudgementKind.Suspect) Schedule(detector, observed, judged.At, now);
    }

    /// <summary>
    /// Takes up a fault that was told of before a restart and whose sign is there still. How long it must have been there was waited for
    /// then, and some signs have no other time than the one at which this process saw them first.
    /// </summary>
    private bool Resume(IDetector detector, Observed observed, Judgement judged, Case known, DateTimeOffset now)
    {
        if (known.Episode is not null) return known.Told is not null;
        if (Known(detector, judged.Subject ?? observed) is not { } signal) return false;
        var key = (detector.Info.Name, Cluster.TopOwner(judged.Subject ?? observed).Owner.Uid);
        EpisodeOf(detector, key).Fires(observed.Info.Uid, signal, now);
        known.Episode = key;
        return true;
    }

    /// <summary>What was told of it before a restart, when it is not over and has not been seen since.</summary>
    private Signal? Known(IDetector detector, Observed subject) => _known.Count > 0
        && _known.TryGetValue(DetectorSignals.Fingerprint(detector.Info.Name, Cluster.TopOwner(subject).Owner.Uid), out var stored)
        && !stored.IsSettled ? stored.Signal : null;

    // What one detector cannot make of one object must not end the detection of everything else.
    private Judgement Ask(IDetector detector, Observed observed, Look look)
    {
        try
        {
            return detector.Judge(observed, look);
        }
        catch (Exception failed)
        {
            if (_failed.Add((detector.Info.Name, failed.GetType()))) onFault?.Invoke(detector, observed, failed);
            return Judgement.None;
        }
    }

    // Out of scope, or somebody's intent: not a fault, but perhaps one later.
    private Judgement Permit(IDetector detector, Judgement judged, Observed observed, DateTimeOffset now)
    {
        if (!scope.Contains(observed, Cluster)) return Judgement.None with { Memory = judged.Memory };
        if (WatchScope.IntentUntil(observed, Cluster) is not { } until || until <= now) return judged;
        if (until < DateTimeOffset.MaxValue) Schedule(detector, observed, until, now);
        return Judgement.None with { Memory = judged.Memory };
    }

    private void Fire(IDetector detector, Observed observed, Judgement judged, Case known, DateTimeOffset now)
    {
        var target = Cluster.TopOwner(judged.Subject ?? observed).Owner;
        var key = (detector.Info.Name, target.Uid);
        if (known.Episode is { } before && before != key) Calm(before, observed, known, now);
        var episode = EpisodeOf(detector, key);
        known.Episode = key;
        var signal = DetectorSignals.Firing(detector, observed, target, judged, now);
        if (episode.Fires(observed.Info.Uid, signal, now, judged.BeganUnseen) is { } send) _out.Add(send);
        if (episode.Next(detector.ClearAfter, now) is { } next) _ends.Add(key, next);
        Schedule(detector, observed, now + BankLimits.Recheck, now);
    }

    private Episode EpisodeOf(IDetector detector, (string Detector, string Uid) key)
    {
        if (_episodes.TryGetValue(key, out var found)) return found.Episode;
        var episode = new Episode(DetectorSignals.Fingerprint(key.Detector, key.Uid));
        if (_known.Remove(episode.Fingerprint, out var stored)) episode.Adopt(stored);
        _episodes[key] = (detector, episode);
        return episode;
    }

    private void Calm((string, string) key, Observed observed, Case known, DateTimeOffset now)
    {
        known.Episode = null;
        if (!_episodes.TryGetValue(key, out var found)) return;
        found.Episode.IsCalm(observed.Info.Uid, now);
        if (found.Episode.Next(found.Detector.ClearAfter, now) is { } next) _ends.Add(key, next);
    }

    private void Conclude((string, string) key, DateTimeOffset now)
    {
        if (!_episodes.TryGetValue(key, out var found)) return;
        if (found.Episode.Due(now, found.Detector.ClearAfter) is { } signal) _out.Add(signal);
        if (found.Episode.IsForgettable(now)) _episodes.Remove(key);
        else if (found.Episode.Next(found.Detector.ClearAfter, now) is { } next && next > now)
        {
            _ends.Add(key, next);
        }
    }

    private void Forget(Observed observed, DateTimeOffset now)
    {
        foreach (var detector in _byKind[observed.Info.Kind])
        {
            if (!_cases.Remove((detector.Info.Name, observed.Info.Uid), out var known) || known.Episode is not { } episode) continue;
            Calm(episode, observed, known, now);
        }
    }

    private void Schedule(IDetector detector, Observed observed, DateTimeOffset at, DateTimeOffset now) =>
        _looks.Add((detector, observed.Info.Key), at > now ? at : now + BankLimits.Recheck);

    private static DateTimeOffset? Earliest(DateTimeOffset? left, DateTimeOffset? right) =>
        left is null || right < left ? right ?? left : left;

    private Signal[] Drain()
    {
        if (_out.Count == 0) return [];
        Signal[] signals = [.. _out];
        _out.Clear();
        return signals;
    }

    private sealed class Case
    {
        public DetectorMemory Memory { get; set; } = DetectorMemory.Empty;

        /// <summary>The episode that the object is part of now.</summary>
        public (string Detector, string Uid)? Episode { get; set; }

        /// <summary>What was told of it before a restart, as long as its sign has not been away.</summary>
        public Alert? Told { get; set; }

        /// <summary>Since when the sign says that it is there, and when that was seen first.</summary>
        public (DateTimeOffset Since, DateTimeOffset SeenAt)? Sign { get; set; }

        /// <summary>It is part of it for what was told before a restart, and need not have lasted anew.</summary>
        public bool IsResumed { get; set; }
    }
}
