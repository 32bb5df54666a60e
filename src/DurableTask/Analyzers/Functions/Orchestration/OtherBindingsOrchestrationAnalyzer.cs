using Microsoft.DurableTask.Analyzers.Orchestration;
using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Functions.Orchestration;

/// <summary>DURABLE0008: bindings beside the trigger, which bring I/O into the orchestrator.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class OtherBindingsOrchestrationAnalyzer : OrchestrationAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0008";

    private static readonly DiagnosticDescriptor Other = Define(
        DiagnosticId,
        "An orchestrator has other bindings",
        "The orchestration '{0}' has a binding beside its trigger: what it gives differs from replay to replay; use it in an activity");

    private protected override DiagnosticDescriptor Descriptor => Other;

    private protected override void Examine(OrchestratorCode code)
    {
        if (code.Orchestrator.Kind != OrchestratorKind.Function) return;
        foreach (var parameter in code.Orchestrator.Entries.SelectMany(static entry => entry.Parameters))
        {
            if (!parameter.GetAttributes().Any(attribute => IsOther(attribute.AttributeClass, code.Known))) continue;
            code.Report(Other, parameter.DeclaringSyntaxReferences[0].GetSyntax(code.Cancellation), code.Orchestrator.Name);
        }
    }

    private static bool IsOther(INamedTypeSymbol? attribute, KnownSymbols known) =>
        KnownSymbols.Is(attribute, known.Binding) && !KnownSymbols.Same(attribute, known.OrchestrationTrigger);
}
