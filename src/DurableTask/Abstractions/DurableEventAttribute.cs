namespace Microsoft.DurableTask;

/// <summary>Marks the payload type of an external event.</summary>
/// <param name="name">The event's name; null or empty for the type's own name.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, AllowMultiple = false, Inherited = false)]
public sealed class DurableEventAttribute(string? name = null) : Attribute
{
    /// <summary>The event's name; empty for the type's own name.</summary>
    public TaskName Name { get; } = string.IsNullOrEmpty(name) ? default : new TaskName(name);
}
