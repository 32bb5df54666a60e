namespace Microsoft.DurableTask.Analyzers;

/// <summary>Makes the descriptors. What each means, why, and what to do instead is in docs/durable-task/diagnostics.md.</summary>
internal static class Rule
{
    public const string Orchestration = "Orchestration";
    public const string AttributeBinding = "Attribute Binding";
    public const string Activity = "Activity";

    /// <summary>Where a rule is explained, as a path within the repository.</summary>
    public static string HelpOf(string id) => $"docs/durable-task/diagnostics.md#{id.ToLowerInvariant()}";
}
