namespace Microsoft.DurableTask.Generators.Models;

internal enum FunctionTrigger
{
    Other,
    Orchestration,
    Activity,
    Entity,
}

/// <summary>A method with [Function].</summary>
/// <param name="TaskName">What a durable function is called by: the trigger's name, else the function's.</param>
/// <param name="Input">The type of an activity's input; null for one that takes none.</param>
/// <param name="InputName">The input's parameter; empty for none.</param>
/// <param name="Output">What the method returns, out of its task; null for nothing.</param>
internal sealed record FunctionModel(
    string Name,
    FunctionTrigger Trigger,
    string TaskName,
    TypeModel? Input,
    string InputName,
    TypeModel? Output,
    SourcePlace Place);
