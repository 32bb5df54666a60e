namespace Microsoft.DurableTask.Analyzers.Activities;

/// <summary>A task that can be called by name.</summary>
/// <param name="Input">What it takes; null if that is unknown, or if it takes nothing.</param>
/// <param name="Output">What it returns; null if that is unknown, or if it returns nothing.</param>
internal sealed record TaskSignature(
    string Name, ITypeSymbol? Input, ITypeSymbol? Output, bool TakesNothing = false, bool ReturnsNothing = false);
