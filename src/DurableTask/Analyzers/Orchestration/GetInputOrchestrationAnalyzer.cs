using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0009: GetInput where a parameter could have been given the input.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class GetInputOrchestrationAnalyzer : OrchestrationAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0009";

    private static readonly DiagnosticDescriptor Input = new(
        DiagnosticId,
        "The input could be a parameter",
        "The orchestration '{0}' asks for its input with GetInput; a parameter of the type would be given it",
        Rule.Orchestration,
        DiagnosticSeverity.Info,
        isEnabledByDefault: true,
        helpLinkUri: Rule.HelpOf(DiagnosticId));

    /// <inheritdoc />
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Input];

    private protected override void Examine(OrchestratorCode code)
    {
        // A registry has an overload without the input for those who do not want a parameter.
        if (code.Orchestrator.Kind == OrchestratorKind.Delegate) return;
        foreach (var step in code.Steps.TakeWhile(static step => step.IsEntry))
        {
            if (step.Operation is IInvocationOperation { TargetMethod: { Name: "GetInput" } method } && code.Known.IsOfContext(method))
            {
                code.Report(Input, step.Operation.Syntax, code.Orchestrator.Name);
            }
        }
    }
}
