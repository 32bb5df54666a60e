namespace Microsoft.DurableTask.Generators.Models;

/// <summary>A payload type with [DurableEvent].</summary>
/// <param name="Name">The event's name: the attribute's, else the type's own.</param>
internal sealed record EventModel(string Name, string Namespace, TypeModel Type, SourcePlace Place);
