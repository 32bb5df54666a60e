using System.Globalization;

namespace Heal.Healing;

/// <summary>Reads the plain signs out of the evidence, once for all rules.</summary>
internal sealed class Symptoms
{
    /// <summary>After what they stand on is back (<see cref="EvidenceBundle.BlockedUntil"/>) pods get this long to reach it, and may crash
    /// once more for want of it.</summary>
    public static readonly TimeSpan AfterBlock = TimeSpan.FromSeconds(60);

    private static readonly string[] PullReasons = ["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull",
        "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"];
    private static readonly string[] ConfigReasons = ["CreateContainerConfigError"];
    private const string OutOfMemory = ContainerEvidence.OutOfMemory;
    private static readonly string[] CrashReasons = ["CrashLoopBackOff", "RunContainerError", "CreateContainerError"];

    public Symptoms(EvidenceBundle evidence, Detection detection)
    {
        Evidence = evidence;
        Since = detection.Since ?? evidence.CollectedAt;
        var hash = evidence.Workload?.TemplateHash;
        Current = evidence.Revisions.FirstOrDefault(revision => revision.TemplateHash == hash)
            ?? (evidence.Revisions is [var newest, ..] ? newest : null);
        var troubled = Troubled(evidence);
        Failing = [.. troubled.Where(found => IsCurrent(found.Pod))];
        FailingElsewhere = [.. troubled.Where(found => !IsCurrent(found.Pod))];
        Pulls = [.. Failing.Where(found => PullReasons.Contains(found.Container.Waiting))];
        Unconfigured = [.. Failing.Where(found => ConfigReasons.Contains(found.Container.Waiting))];
        Starved = [.. Failing.Where(found => found.Container.LastReason == OutOfMemory)];
        Crashes = [.. Failing.Except(Pulls).Except(Unconfigured).Except(Starved)];
        Unready = [.. evidence.Pods.Where(pod => IsCurrent(pod) && !pod.Ready && !pod.Terminating && pod.Phase != "Succeeded")];
    }

    public EvidenceBundle Evidence { get; }

    public DateTimeOffset Since { get; }

    /// <summary>The revision that the Deployment wants now.</summary>
    public RevisionEvidence? Current { get; }

    public IReadOnlyList<(PodEvidence Pod, ContainerEvidence Container)> Failing { get; }

    /// <summary>Troubled containers of older revisions: they speak against the newest change as the cause.</summary>
    public IReadOnlyList<(PodEvidence Pod, ContainerEvidence Container)> FailingElsewhere { get; }

    public IReadOnlyList<(PodEvidence Pod, ContainerEvidence Container)> Pulls { get; }

    public IReadOnlyList<(PodEvidence Pod, ContainerEvidence Container)> Unconfigured { get; }

    public IReadOnlyList<(PodEvidence Pod, ContainerEvidence Container)> Starved { get; }

    public IReadOnlyList<(PodEvidence Pod, ContainerEvidence Container)> Crashes { get; }

    public IReadOnlyList<PodEvidence> Unready { get; }

    /// <summary>True when ready pods of an older revision run beside the failing ones.</summary>
    public bool OlderRevisionServes => Evidence.Pods.Any(pod => pod.Ready && !pod.Terminating && !IsCurrent(pod));

    public bool IsTarget(string kind, string name) => Evidence.Target.Kind == kind && Evidence.Target.Name == name;

    public static IReadOnlyList<(PodEvidence Pod, ContainerEvidence Container)> Troubled(EvidenceBundle evidence) =>
    [
        .. from pod in evidence.Pods
           where !pod.Terminating
           from container in pod.Containers
           where IsTroubled(container, evidence.CollectedAt, evidence.BlockedUntil)
           select (pod, container),
    ];

    // What keeps no revisions (a Job, a bare pod, the pods of a node) has none that could be older.
    private bool IsCurrent(PodEvidence pod) => Current is null || pod.Revision == Current.Name;

    public static string Describe(ContainerEvidence container)
    {
        var exit = container.LastExitCode is { } code ? string.Create(CultureInfo.InvariantCulture, $"last exit code {code}") : null;
        var restarts = container.Restarts > 0 ? string.Create(CultureInfo.InvariantCulture, $"{container.Restarts} restarts") : null;
        string?[] parts = [container.Waiting, container.LastReason == OutOfMemory ? OutOfMemory : null, exit, restarts];
        return string.Join(", ", parts.Where(part => part is not null));
    }

    private static bool IsTroubled(ContainerEvidence container, DateTimeOffset now, DateTimeOffset? blockedUntil)
    {
        if (container.Waiting is { } reason)
        {
            return PullReasons.Contains(reason) || ConfigReasons.Contains(reason) || CrashReasons.Contains(reason);
        }

        // Between two crashes a container runs and may even look ready.
        if (container.Ready && container.LastFinishedAt <= blockedUntil + AfterBlock) return false;
        return container.HasCrashedLately(now) && (!container.Ready || container.Restarts > 1);
    }
}
