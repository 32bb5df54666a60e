using System.Net;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes;

/// <summary>Resource usage from metrics.k8s.io, an add-on that many clusters lack: its absence is an answer, not an error.</summary>
public static class MetricsExtensions
{
    /// <summary>The usage of pods.</summary>
    /// <param name="ns">Null: all namespaces.</param>
    public static Task<MetricsAnswer<PodMetrics>> GetPodMetricsAsync(
        this IKubernetesClient client, string? ns, string? labelSelector = null, CancellationToken cancellationToken = default) =>
        AskAsync<PodMetrics>(client, ns, labelSelector, cancellationToken);

    /// <summary>The usage of nodes.</summary>
    public static Task<MetricsAnswer<NodeMetrics>> GetNodeMetricsAsync(
        this IKubernetesClient client, string? labelSelector = null, CancellationToken cancellationToken = default) =>
        AskAsync<NodeMetrics>(client, null, labelSelector, cancellationToken);

    private static async Task<MetricsAnswer<T>> AskAsync<T>(
        IKubernetesClient client, string? ns, string? labelSelector, CancellationToken cancellationToken) where T : KubernetesObject
    {
        try
        {
            if (await client.DiscoverAsync(ResourceKind.Of<T>(), cancellationToken) is null)
                return MetricsAnswer<T>.Missing("The cluster has no metrics server (metrics.k8s.io is not served).");
            var list = await client.ListAsync<T>(ns, new ListOptions { LabelSelector = labelSelector }, cancellationToken);
            return new MetricsAnswer<T>(true, list.Items, string.Empty);
        }
        catch (KubernetesApiException exception) when (exception.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.NotFound)
        {
            // Registered, and nobody behind it: 503 from the API server on its behalf.
            return MetricsAnswer<T>.Missing($"The metrics server does not answer: {exception.Error.ServerMessage}");
        }
    }
}

/// <summary>Usage, or why there is none to be had.</summary>
/// <param name="IsAvailable">False: the cluster has no metrics server, or it is down. Its absence says nothing about the pods.</param>
/// <param name="Items">Empty when not available. Pods younger than the first measurement are not among them.</param>
/// <param name="Explanation">Why it is not available; else empty.</param>
public sealed record MetricsAnswer<T>(bool IsAvailable, IReadOnlyList<T> Items, string Explanation) where T : KubernetesObject
{
    internal static MetricsAnswer<T> Missing(string why) => new(false, [], why);
}
