namespace Heal.Simulator.Objects;

/// <summary>One served resource: where it lives in the URL space and what it can do.</summary>
internal sealed record ResourceType(string Group, string Version, string Plural, string Kind, bool Namespaced)
{
    public IReadOnlyList<string> ShortNames { get; init; } = [];
    public IReadOnlyList<string> Subresources { get; init; } = [];
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>True where a change of the specification counts in <c>metadata.generation</c>.</summary>
    public bool HasGeneration { get; init; }

    public string Singular => Kind.ToLowerInvariant();
    public string GroupVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";
    public string GroupResource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
    public string GroupKind => Group.Length == 0 ? Kind : $"{Kind}.{Group}";
    public bool HasStatus => Subresources.Contains("status");
    public override string ToString() => GroupResource;
}
