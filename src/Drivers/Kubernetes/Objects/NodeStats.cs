using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Transport;

namespace Heal.Drivers.Kubernetes;

/// <summary>What the kubelets measure and the API server passes on.</summary>
public interface INodeStats
{
    /// <summary>How full the claims are that pods of a node mount. Needs the verb "get" on nodes/proxy.</summary>
    /// <exception cref="KubernetesNotFoundException">There is no such node, or nobody answers for it.</exception>
    Task<IReadOnlyList<VolumeUsage>> GetVolumeUsageAsync(string node, CancellationToken cancellationToken = default);
}

/// <param name="MeasuredAt">By the kubelet's clock.</param>
public sealed record VolumeUsage(string Namespace, string Claim, long UsedBytes, long CapacityBytes, DateTimeOffset MeasuredAt);

/// <summary>Reads the kubelet's summary through the API server's proxy.</summary>
internal static class NodeStats
{
    public static Task<IReadOnlyList<VolumeUsage>> ReadAsync(ApiTransport transport, string node, CancellationToken cancellationToken) =>
        transport.CallAsync(ApiCalls.NodeSummary(node), async (stream, token) =>
        {
            var limited = new LimitedStream(stream, new ByteBudget(transport.Options.MaxResponseBytes));
            var summary = await JsonSerializer.DeserializeAsync<Summary>(limited, KubernetesJson.Options, token);
            return Volumes(summary ?? new Summary());
        }, cancellationToken);

    private static IReadOnlyList<VolumeUsage> Volumes(Summary summary) =>
    [
        .. from pod in summary.Pods ?? []
           from volume in pod.Volume ?? []
           where volume is { PvcRef: { Name: not null, Namespace: not null }, UsedBytes: not null, CapacityBytes: > 0, Time: not null }
           select new VolumeUsage(
               volume.PvcRef!.Namespace!, volume.PvcRef.Name!, volume.UsedBytes!.Value, volume.CapacityBytes!.Value, volume.Time!.Value),
    ];

    private sealed class Summary
    {
        public List<PodStats>? Pods { get; init; }
    }

    private sealed class PodStats
    {
        public List<VolumeStats>? Volume { get; init; }
    }

    private sealed class VolumeStats
    {
        public DateTimeOffset? Time { get; init; }
        public long? UsedBytes { get; init; }
        public long? CapacityBytes { get; init; }
        public ClaimReference? PvcRef { get; init; }
    }

    private sealed class ClaimReference
    {
        public string? Name { get; init; }
        public string? Namespace { get; init; }
    }
}
