namespace Microsoft.DurableTask.Analyzers.Orchestrators;

internal enum OrchestratorKind
{
    Class,
    Function,
    Delegate,
}

/// <summary>An orchestrator of the application, however it is declared.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Entries">Where the engine enters its code.</param>
internal sealed record Orchestrator(string Name, OrchestratorKind Kind, ImmutableArray<IMethodSymbol> Entries);

/// <summary>One operation that an orchestrator may come to.</summary>
/// <param name="Method">The method that contains it, lambdas and local functions aside.</param>
/// <param name="IsEntry">The engine calls that method itself.</param>
internal readonly record struct Step(IMethodSymbol Method, bool IsEntry, IOperation Operation);
