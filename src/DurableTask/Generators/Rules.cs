using Microsoft.CodeAnalysis;

namespace Microsoft.DurableTask.Generators;

/// <summary>What the generator complains of. Each is explained in docs/durable-task/diagnostics.md.</summary>
internal static class Rules
{
    public static readonly DiagnosticDescriptor BadTaskName = Rule(
        "DURABLE3001",
        "Task name is no identifier",
        "The task name '{0}' cannot be part of a method name; expected letters, digits and '_', not beginning with a digit");

    public static readonly DiagnosticDescriptor BadEventName = Rule(
        "DURABLE3002",
        "Event name is no identifier",
        "The event name '{0}' cannot be part of a method name; expected letters, digits and '_', not beginning with a digit");

    public static readonly DiagnosticDescriptor DuplicateTask = Rule(
        "DURABLE3003",
        "Task name and version are taken",
        "Another class is the task '{0}' with the version '{1}' already; give one of them another name or version");

    public static readonly DiagnosticDescriptor DuplicateFunction = Rule(
        "DURABLE3004",
        "Function name is taken",
        "The task '{0}' becomes a function, and another has that name; a function app has one function of a name, whatever its version");

    public static readonly DiagnosticDescriptor BlankVersion = Rule(
        "DURABLE3005",
        "Task version is white space",
        "The version of task '{0}' is white space only; give it a version, or leave Version out");

    private static DiagnosticDescriptor Rule(string id, string title, string message) => new(
        id,
        title,
        message,
        "DurableTask.Design",
        DiagnosticSeverity.Error,
        isEnabledByDefault: true,
        helpLinkUri: $"docs/durable-task/diagnostics.md#{id.ToLowerInvariant()}");
}
