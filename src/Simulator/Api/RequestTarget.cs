using Heal.Simulator.Objects;

namespace Heal.Simulator.Api;

/// <summary>What a resource URL points at. Empty name: the collection; empty namespace: all of them, or a cluster-scoped type.</summary>
internal sealed record RequestTarget(ResourceType Type, string Namespace, string Name, string Subresource)
{
    public static RequestTarget? Parse(string[] segments)
    {
        if (segments is ["api", var core, .. var rest])
            return Parse("", core, rest);
        return segments is ["apis", var group, var version, .. var tail] ? Parse(group, version, tail) : null;
    }

    private static RequestTarget? Parse(string group, string version, string[] rest)
    {
        if (rest is ["namespaces", var ns, var scoped, ..] && ResourceCatalog.Find(group, version, scoped) is { Namespaced: true } type)
            return rest.Length > 5 ? null : new RequestTarget(type, ns, Part(rest, 3), Part(rest, 4));
        if (rest is [] or { Length: > 3 } || ResourceCatalog.Find(group, version, rest[0]) is not { } found)
            return null;
        if (found.Namespaced && rest.Length > 1)
            return null;
        return new RequestTarget(found, "", Part(rest, 1), Part(rest, 2));
    }

    private static string Part(string[] parts, int index) => parts.Length > index ? parts[index] : "";
}
