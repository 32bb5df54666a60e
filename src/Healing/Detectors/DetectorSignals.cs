using System.Security.Cryptography;
using System.Text;

namespace Heal.Healing;

/// <summary>
/// Writes what a detector found as the signal that the stock alert would have been, so that all behind the intake treats both alike.
/// </summary>
internal static class DetectorSignals
{
    public const string DetectorLabel = "detector";
    private const int FingerprintBytes = 8;

    private static readonly Dictionary<string, string> IdentityLabels = new(StringComparer.Ordinal)
    {
        [TargetKinds.Pod] = "pod",
        [TargetKinds.Deployment] = "deployment",
        [TargetKinds.StatefulSet] = "statefulset",
        [TargetKinds.DaemonSet] = "daemonset",
        [TargetKinds.Job] = "job_name",
        [TargetKinds.Node] = "node",
        [TargetKinds.PersistentVolumeClaim] = "persistentvolumeclaim",
        [TargetKinds.HorizontalPodAutoscaler] = "horizontalpodautoscaler",
        [TargetKinds.PodDisruptionBudget] = "poddisruptionbudget",
        [TargetKinds.Service] = "service",
        [TargetKinds.ResourceQuota] = "resourcequota",
    };

    /// <summary>Of a detector and the target at fault: the same on every host and after every restart.</summary>
    public static string Fingerprint(string detector, string targetUid) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{detector}\n{targetUid}")).AsSpan(0, FingerprintBytes));

    public static Signal Firing(IDetector detector, Observed seen, ObjectInfo target, Judgement judged, DateTimeOffset now)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["alertname"] = judged.Alert ?? detector.Info.Alert,
            [DetectorLabel] = detector.Info.Name,
            ["severity"] = "warning",
        };
        if (seen.Info.Namespace.Length > 0) labels["namespace"] = seen.Info.Namespace;
        if (IdentityLabels.TryGetValue(seen.Info.Kind, out var identity)) labels[identity] = seen.Info.Name;
        foreach (var (name, value) in judged.Labels ?? new Dictionary<string, string>())
        {
            labels.TryAdd(name, SafeText.Line(value, AlertLimits.NameLength));
        }

        var lines = (judged.Evidence ?? []).Select(line => SafeText.Line(line, BankLimits.LineLength));
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["summary"] = SafeText.Line(judged.Summary, BankLimits.LineLength),
            ["evidence"] = SafeText.Clean(string.Join('\n', lines), BankLimits.EvidenceLength),
        };
        var fingerprint = Fingerprint(detector.Info.Name, target.Uid);
        var alert = new Alert(labels["alertname"], AlertStatus.Firing, labels, annotations, judged.At, null, fingerprint);
        return Signal.Of(alert, SignalSource.Watch, now) with
        {
            Target = new TargetCandidate(target.Kind, target.Namespace, target.Name, $"detector {detector.Info.Name}"),
        };
    }

    public static Signal StartingAt(Signal firing, DateTimeOffset start) =>
        Signal.Of(firing.Alert with { StartsAt = start }, SignalSource.Watch, start) with { Target = firing.Target };

    public static Signal Resolved(Signal firing, DateTimeOffset now) =>
        Signal.Of(firing.Alert with { Status = AlertStatus.Resolved, EndsAt = now }, SignalSource.Watch, now)
            with { Target = firing.Target };
}
