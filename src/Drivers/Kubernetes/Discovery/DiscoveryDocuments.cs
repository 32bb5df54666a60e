namespace Heal.Drivers.Kubernetes.Discovery;

/// <summary>GET /apis/{group}: which versions a group has, and which the server prefers.</summary>
internal sealed class ApiGroupDocument
{
    public List<GroupVersionDocument> Versions { get; init; } = [];
    public GroupVersionDocument? PreferredVersion { get; init; }
}

internal sealed class GroupVersionDocument
{
    public string Version { get; init; } = string.Empty;
}

/// <summary>GET /apis/{group}/{version}: the kinds.</summary>
internal sealed class ApiResourceListDocument
{
    public List<ApiResourceDocument> Resources { get; init; } = [];
}

internal sealed class ApiResourceDocument
{
    /// <summary>Plural; "plural/subresource" for subresources.</summary>
    public string Name { get; init; } = string.Empty;
    public string Kind { get; init; } = string.Empty;

    /// <summary>Of the documents of a subresource; empty: those of its list.</summary>
    public string? Group { get; init; }
    public string? Version { get; init; }
    public bool Namespaced { get; init; }
    public List<string> Verbs { get; init; } = [];
}
