using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;

namespace Heal.Activities;

/// <param name="Pod">The uid of the pod; null when it is something else.</param>
internal sealed record Backend(string? Pod, bool IsReady);

/// <summary>
/// Where a Service leads. By its EndpointSlices: clusters from 1.33 on may run without the controller that writes Endpoints, and where
/// nobody writes them "there are none" means nothing. By its Endpoints only where the server has no slices.
/// </summary>
internal static class Backends
{
    private const string ServiceLabel = "kubernetes.io/service-name";

    /// <summary>What an action needs that asks for them.</summary>
    public static IReadOnlyList<Heal.Healing.PermissionRule> Rules { get; } =
        [new("", "endpoints", ["get"]), new("discovery.k8s.io", "endpointslices", ["list"])];

    /// <param name="port">Only those that serve the port of this name; null: all. A pod that lacks a port that the Service names is an
    /// endpoint without it.</param>
    public static async Task<IReadOnlyList<Backend>> OfServiceAsync(
        ActionTools tools, string ns, string service, CancellationToken cancellationToken, string? port = null)
    {
        if (await tools.Client.DiscoverAsync(KnownKinds.EndpointSlice, cancellationToken) is null)
        {
            var endpoints = await tools.ReadAsync(Kinds.Endpoints, ns, service, cancellationToken);
            return
            [
                .. endpoints.Items("subsets").Where(Serves).SelectMany(subset =>
                    subset.Items("addresses").Select(address => new Backend(PodOf(address), true))
                        .Concat(subset.Items("notReadyAddresses").Select(address => new Backend(PodOf(address), false)))),
            ];
        }

        var slices = await tools.ListAsync(KnownKinds.EndpointSlice, ns, cancellationToken, $"{ServiceLabel}={service}");

        // A slice that says nothing of readiness means that it is ready.
        return
        [
            .. slices.Where(Serves).SelectMany(slice => slice.Items("endpoints"))
                .Select(endpoint => new Backend(PodOf(endpoint), endpoint.At("conditions", "ready")?.GetValue<bool>() != false)),
        ];

        bool Serves(JsonObject part) => port is null || part.Items("ports").Any(item => (item.Text("name") ?? "") == port);
    }

    private static string? PodOf(JsonObject address) => address.Text("targetRef", "uid");
}
