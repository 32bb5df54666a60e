namespace Heal.Bench.Kubernetes;

/// <summary>What is measured against what.</summary>
/// <param name="Server">A simulated API server; null: the cluster of the kubeconfig.</param>
/// <param name="Kubeconfig">Null: a simulator of its own.</param>
/// <param name="Pods">How many pods there are.</param>
/// <param name="Deployments">How many deployments, without pods.</param>
/// <param name="Rate">Changes of pods per second.</param>
/// <param name="Seconds">How long changes are made, and how long nothing is.</param>
internal sealed record Settings(Uri? Server, string? Kubeconfig, int Pods, int Deployments, int Rate, int Seconds)
{
    /// <summary>Where the objects are; removed afterwards.</summary>
    public const string Namespace = "heal-bench";

    public static Settings Default { get; } = new(null, null, 10_000, 1_000, 200, 20);

    public string Name => Kubeconfig is null ? "simulator" : "cluster";
}
