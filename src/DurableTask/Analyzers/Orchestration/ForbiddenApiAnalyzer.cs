using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>Base of the rules that forbid an orchestrator some APIs. The message names the method, the API and the orchestrator.</summary>
public abstract class ForbiddenApiAnalyzer : OrchestrationAnalyzer
{
    private protected static DiagnosticDescriptor Forbid(string id, string title, string reason) =>
        Define(id, title, $"The method '{{0}}' uses '{{1}}' when it runs for the orchestration '{{2}}': {reason}");

    /// <summary>How the message names the API that the operation uses; null if it may.</summary>
    private protected abstract string? ApiOf(IOperation operation);

    private protected sealed override void Examine(OrchestratorCode code)
    {
        foreach (var step in code.Steps)
        {
            if (ApiOf(step.Operation) is { } api)
            {
                code.Report(Descriptor, step.Operation.Syntax, step.Method.Name, api, code.Orchestrator.Name);
            }
        }
    }

    /// <summary>Namespace and name, without type arguments.</summary>
    private protected static string FullName(ITypeSymbol? type) => type?.OriginalDefinition.ToDisplayString(NameOnly) ?? "";

    private static readonly SymbolDisplayFormat NameOnly = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces);
}
