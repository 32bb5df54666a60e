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

    public static async Task<IReadOnlyList<Backend>> OfServiceAsync(
        ActionTools tools, string ns, string service, CancellationToken cancellationToken)
    {
        if (await tools.Client.DiscoverAsync(KnownKinds.EndpointSlice, cancellationToken) is null)
        {
            var endpoints = await tools.ReadAsync(Kinds.Endpoints, ns, service, cancellationToken);
            return
            [
                .. endpoints.Items("subsets").SelectMany(subset =>
                    subset.Items("addresses").Select(address => new Backend(PodOf(address), true))
                        .Concat(subset.Items("notReadyAddresses").Select(address => new Backend(PodOf(address), false)))),
            ];
        }

        var slices = await tools.ListAsync(KnownKinds.EndpointSlice, ns, cancellationToken, $"{ServiceLabel}={service}");

        // A slice that says nothing of readiness means that it is ready.
        return
        [
            .. slices.SelectMany(slice => slice.Items("endpoints"))
                .Select(endpoint => new Backend(PodOf(endpoint), endpoint.At("conditions", "ready")?.GetValue<bool>() != false)),
        ];
    }

    private static string? PodOf(JsonObject address) => address.Text("targetRef", "uid");
}
