namespace Microsoft.DurableTask.Generators.Models;

internal enum TaskKind
{
    Orchestrator,
    Activity,
    Entity,
}

/// <summary>A class with [DurableTask] that generated code can create.</summary>
/// <param name="Name">What it is called by: the attribute's name, else the class's own.</param>
/// <param name="Version">Empty for none.</param>
/// <param name="ClassName">The class's own name, without namespace and outer classes.</param>
/// <param name="Namespace">Of its calls: its own, or the engine's if it has none.</param>
/// <param name="TypeName">The class as generated code spells it.</param>
/// <param name="Input">What it takes; null for an entity.</param>
/// <param name="Output">What it returns; null for an entity.</param>
/// <param name="IsTyped">It derives from the generic base class, rather than just implement the interface.</param>
internal sealed record TaskModel(
    TaskKind Kind,
    string Name,
    string Version,
    string ClassName,
    string Namespace,
    string TypeName,
    TypeModel? Input,
    TypeModel? Output,
    bool IsTyped,
    SourcePlace Place);
