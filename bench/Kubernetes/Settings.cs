namespace Heal.Bench.Kubernetes;

/// <summary>What is measured against what.</summary>
/// <param name="Server">A simulated API server; null: the cluster of the kubeconfig.</param>
/// <param name="Kubeconfig">Null: a simulator of its own.</param>
/// <param name="Pods">How many pods there are.</param>
/// <param name="Deployments">How many deployments, without pods.</param>
/// <param name="Rate">Changes of pods per second.</param>
/// <param name="Seconds">How long changes are made, and how long nothing is.</param>
/// <param name="Bundles">How many evidence bundles are collected of each Deployment that is looked at.</param>
/// <param name="EvidenceOnly">Neither cache nor detection is measured.</param>
internal sealed record Settings(
    Uri? Server, string? Kubeconfig, int Pods, int Deployments, int Rate, int Seconds, int Bundles, bool EvidenceOnly)
{
    /// <summary>Where the objects are; removed afterwards.</summary>
    public const string Namespace = "heal-bench";

    /// <summary>Where a Deployment is that has its namespace for itself; removed afterwards.</summary>
    public const string QuietNamespace = "heal-bench-shop";

    /// <summary>Replicas of the Deployments whose evidence is collected.</summary>
    public const int Replicas = 50;

    /// <summary>Every so many changes a pod breaks instead, each time another one.</summary>
    public const int ChangesPerFault = 10;

    /// <summary>Each pod of the crowd has an event; every so many of them is a warning.</summary>
    public const int EventsPerWarning = 20;

    public static Settings Default { get; } = new(null, null, 10_000, 1_000, 200, 20, 40, false);

    public string Name => Kubeconfig is null ? "simulator" : "cluster";
}
