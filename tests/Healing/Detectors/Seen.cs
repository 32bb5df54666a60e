namespace Heal.Healing.Tests;

/// <summary>Observations of a small shop, healthy unless said otherwise.</summary>
internal static class Seen
{
    public const string Space = "shop";
    public static readonly DateTimeOffset Noon = Some.Noon;
    public static readonly WatchScope Everything = new(true, new HashSet<string>(), true);

    public static ObjectInfo Info(string kind, string name, OwnerInfo? owner = null, DateTimeOffset? created = null) => new(
        kind, kind is TargetKinds.Node or TargetKinds.Namespace ? "" : Space, name, $"uid-{kind}-{name}", created ?? Noon.AddDays(-1),
        Owner: owner, Labels: new Dictionary<string, string> { ["app"] = "web" });

    public static OwnerInfo OwnedBy(string kind, string name) => new(kind, name, $"uid-{kind}-{name}");

    public static ObservedContainer Container(
        string? waiting = null, int restarts = 0, ObservedExit? exit = null, string name = "app") => new(
        name, restarts, waiting, waiting is null ? null : $"because {waiting}", waiting is null ? Noon.AddDays(-1) : null, exit);

    public static ObservedPod Pod(string name = "web-1-a", params IReadOnlyList<ObservedContainer> containers) => new(
        Info(TargetKinds.Pod, name, OwnedBy(TargetKinds.ReplicaSet, "web-1")), "node1", "Running", null, null,
        [Condition("Ready", containers.All(c => c.Waiting is null), Noon.AddMinutes(-5))],
        containers.Count == 0 ? [Container()] : containers, []);

    public static ObservedCondition Condition(string type, bool status, DateTimeOffset? since = null, string? reason = null,
        string? message = null) => new(type, status ? "True" : "False", reason, message, since ?? Noon);

    public static ObservedPod CrashLoop(string name = "web-1-a", int restarts = 3, DateTimeOffset? at = null) =>
        Pod(name, Container("CrashLoopBackOff", restarts, new ObservedExit(1, "Error", at ?? Noon)));

    public static ObservedWorkload Workload(
        string kind = TargetKinds.Deployment, string name = "web", int desired = 3, int updated = 3, int ready = 3,
        OwnerInfo? owner = null, params IReadOnlyList<ObservedCondition> conditions) => new(
        Info(kind, name, owner), desired, updated, ready, true, false, new Dictionary<string, string> { ["app"] = "web" }, conditions);

    public static ObservedWorkload ReplicaSet(string name = "web-1") =>
        Workload(TargetKinds.ReplicaSet, name, owner: OwnedBy(TargetKinds.Deployment, "web"));

    public static ObservedNode Node(string name = "node1", bool ready = true, DateTimeOffset? cordoned = null,
        params IReadOnlyList<ObservedCondition> conditions) => new(
        Info(TargetKinds.Node, name), cordoned,
        [Condition("Ready", ready, Noon, ready ? "KubeletReady" : "NodeStatusUnknown"), .. conditions]);

    public static ObservedJob Job(string name = "nightly-1", ObservedCondition? failed = null, ObservedCondition? complete = null,
        DateTimeOffset? created = null, int retries = 3) => new(
        Info(TargetKinds.Job, name, OwnedBy(TargetKinds.CronJob, "nightly"), created), retries, failed, complete);

    public static LabelMatch Web { get; } = new(new Dictionary<string, string> { ["app"] = "web" }, []);

    public static ObservedBudget Budget(int allowed = 0, int healthy = 3, int expected = 3) => new(
        Info(TargetKinds.PodDisruptionBudget, "web"), Web, allowed, healthy, 3, expected, true);

    public static ObservedService Service(LabelMatch? selector) => new(Info(TargetKinds.Service, "web"), selector);

    public static ObservedBackends Backends(int ready, int notReady = 0) =>
        new(Info(ObservedKinds.Backends, "web-x"), "web", ready, notReady);

    public static ObservedAutoscaler Autoscaler(int current = 5, int minimum = 1, ObservedCondition? limited = null) =>
        new(Info(TargetKinds.HorizontalPodAutoscaler, "web"), minimum, 5, current, 5, limited);

    public static ObservedClaim Claim(DateTimeOffset at, double share) =>
        new(Info(TargetKinds.PersistentVolumeClaim, "data"), at, (long)(share * 1_000_000), 1_000_000);

    public static ObservedQuota Quota() => new(Info(TargetKinds.ResourceQuota, "team"), [new QuotaUse("pods", "10", "10", 10, 10)]);
}

/// <summary>A bank with all detectors, fed by hand.</summary>
internal sealed class BankRig
{
    private readonly DetectorBank _bank;

    public BankRig(WatchScope? scope = null, DetectorSettings? settings = null, IEnumerable<KnownEpisode>? known = null,
        IReadOnlyList<IDetector>? detectors = null, params IReadOnlyList<Observed> present)
    {
        _bank = new DetectorBank(
            detectors ?? [.. DetectorCatalogue.All(settings ?? new DetectorSettings()).Select(row => row.Detector)],
            scope ?? Seen.Everything, (detector, seen, failed) => Faults.Add($"{detector.Info.Name} on {seen.Info}: {failed.Message}"));
        _bank.Adopt(known ?? []);
        foreach (var observed in present) _bank.Observe(observed, Now);
        Add(_bank.Synced(Now));
    }

    public DateTimeOffset Now { get; private set; } = Seen.Noon;

    public List<Signal> Signals { get; } = [];

    /// <summary>What detectors failed on, as far as the bank told.</summary>
    public List<string> Faults { get; } = [];

    public DetectorBank Bank => _bank;

    /// <summary>"detector status" of every signal, in order.</summary>
    public IReadOnlyList<string> Said => [.. Signals.Select(signal =>
        $"{signal.Alert.Label("detector")} {signal.Alert.Status.ToString().ToLowerInvariant()}")];

    public BankRig See(params IReadOnlyList<Observed> observed)
    {
        foreach (var one in observed) Add(_bank.Observe(one, Now));
        return this;
    }

    public BankRig Gone(Observed observed)
    {
        Add(_bank.Remove(observed.Info.Key, Now));
        return this;
    }

    /// <summary>Lets time pass, doing whatever becomes due on the way at its time.</summary>
    public BankRig Wait(TimeSpan time)
    {
        var end = Now + time;
        while (_bank.NextDue is { } due && due <= end)
        {
            Now = due > Now ? due : Now;
            Add(_bank.Tick(Now));
        }

        Now = end;
        return this;
    }

    public BankRig Wait(int seconds) => Wait(TimeSpan.FromSeconds(seconds));

    private void Add(IReadOnlyList<Signal> signals) => Signals.AddRange(signals);
}
