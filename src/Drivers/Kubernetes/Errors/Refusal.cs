namespace Heal.Drivers.Kubernetes;

/// <summary>A rule of the cluster that refused a call, beside the API server's own checks and RBAC.</summary>
/// <param name="Name">Of the webhook, policy, quota, budget or namespace; empty when the server did not say.</param>
/// <param name="Explanation">The rule's own words. Data from outside.</param>
public sealed record Refusal(RefusalKind Kind, string Name, string Explanation);

/// <summary>What kind of rule refused.</summary>
public enum RefusalKind
{
    /// <summary>An admission webhook said no.</summary>
    Webhook,

    /// <summary>An admission webhook could not be asked, and without its word nothing is allowed.</summary>
    WebhookUnreachable,

    /// <summary>A ValidatingAdmissionPolicy said no.</summary>
    AdmissionPolicy,

    /// <summary>A ResourceQuota is used up.</summary>
    Quota,

    /// <summary>The namespace's pod security level forbids it.</summary>
    PodSecurity,

    /// <summary>The namespace is being deleted.</summary>
    NamespaceTerminating,

    /// <summary>A PodDisruptionBudget allows no eviction now.</summary>
    DisruptionBudget,

    /// <summary>The object would be larger than the cluster's storage takes (etcd: about 1.5 MiB).</summary>
    TooLarge,
}
