namespace Microsoft.DurableTask;

/// <summary>Names an orchestrator, activity or entity class.</summary>
/// <param name="name">The task's name; null or empty for the class's own name.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false, Inherited = false)]
public sealed class DurableTaskAttribute(string? name = null) : Attribute
{
    /// <summary>The task's name; empty for the class's own name.</summary>
    public TaskName Name { get; } = string.IsNullOrEmpty(name) ? default : new TaskName(name);

    /// <summary>The version of the task's code; null or empty for none.</summary>
    public string? Version { get; set; }
}
