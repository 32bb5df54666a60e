using System.Net;
using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities;

/// <summary>Which nodes a name or address on an alert may mean.</summary>
internal static class NodeNames
{
    /// <returns>The names of the nodes, from the surest way that finds any, and what that way compared.</returns>
    public static (IReadOnlyList<string> Names, string How) Find(IReadOnlyList<Node> nodes, string host)
    {
        var byName = Names(node => Same(node.Metadata.Name, host));
        if (byName.Count > 0) return (byName, "name");
        var byAddress = Names(node => Addresses(node).Any(address => Same(address, host)));
        if (byAddress.Count > 0) return (byAddress, "address");
        // A full name for a node that is called by its first part, or the other way round. Not for an address: its parts mean nothing.
        if (IPAddress.TryParse(host, out _)) return ([], "address");
        var byFirstPart = Names(node => Same(node.Metadata.Name, FirstPart(host)) || Same(FirstPart(node.Metadata.Name), host));
        return (byFirstPart, "first part of the name");

        List<string> Names(Func<Node, bool> isMeant) => [.. nodes.Where(isMeant).Select(node => node.Metadata.Name ?? "")];
    }

    private static IEnumerable<string?> Addresses(Node node) =>
        node.Status?.Field("addresses") is { ValueKind: JsonValueKind.Array } addresses
            ? addresses.EnumerateArray().Select(address => address.TryGetProperty("address", out var text) ? text.ToString() : null)
            : [];

    private static string FirstPart(string? name) => (name ?? "").Split('.')[0];

    private static bool Same(string? left, string? right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}
