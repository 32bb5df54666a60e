namespace Microsoft.DurableTask.Analyzers;

/// <summary>Makes the descriptors. What each means, why, and what to do instead is in docs/durable-task/diagnostics.md.</summary>
internal static class Rule
{
    public const string Orchestration = "Orchestration";
    public const string AttributeBinding = "Attribute Binding";
    public const string Activity = "Activity";

    // An editor opens it: an address, then, and no path within this repository. The ids are the official package's, and so is the page.
    private const string Help = "https://go.microsoft.com/fwlink/?linkid=2346202";

    public static DiagnosticDescriptor Define(
        string id, string category, DiagnosticSeverity severity, string title, string message, params string[] tags) =>
        new(id, title, message, category, severity, isEnabledByDefault: true, helpLinkUri: Help, customTags: tags);
}
