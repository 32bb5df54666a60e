using Microsoft.DurableTask.Analyzers.Orchestration;
using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Functions.Orchestration;

/// <summary>DURABLE0008: bindings beside the trigger, which bring I/O into the orchestrator.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class OtherBindingsOrchestrationAnalyzer : OrchestrationAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0008";

    private static readonly DiagnosticDescriptor Other = new(
        DiagnosticId,
        "An orchestrator has other bindings",
        "The orchestration '{0}' has the binding '{1}': its value differs from replay to replay; use the binding in an activity",
        Rule.Orchestration,
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        helpLinkUri: Rule.HelpOf(DiagnosticId));

    /// <inheritdoc />
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Other];

    private protected override void Examine(OrchestratorCode code)
    {
        if (code.Orchestrator.Kind != OrchestratorKind.Function) return;
        foreach (var parameter in code.Orchestrator.Entries.SelectMany(static entry => entry.Parameters))
        {
            foreach (var attribute in parameter.GetAttributes())
            {
                var type = attribute.AttributeClass;
                if (!KnownSymbols.Is(type, code.Known.Binding) || KnownSymbols.Same(type, code.Known.OrchestrationTrigger)) continue;
                var place = parameter.DeclaringSyntaxReferences[0].GetSyntax(code.Cancellation);
                code.Report(Other, place, code.Orchestrator.Name, type!.Name);
            }
        }
    }
}
