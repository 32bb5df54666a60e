using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0009: GetInput where a parameter could have been given the input.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class GetInputOrchestrationAnalyzer : OrchestrationAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0009";

    private static readonly DiagnosticDescriptor Input = Define(
        DiagnosticId,
        "The input could be a parameter",
        "The orchestration '{0}' asks for its input with GetInput; a parameter of the type would be given it",
        DiagnosticSeverity.Info);

    private protected override DiagnosticDescriptor Descriptor => Input;

    private protected override void Examine(OrchestratorCode code)
    {
        foreach (var step in code.Steps)
        {
            if (step.Operation is IInvocationOperation { TargetMethod: { Name: "GetInput" } method } && code.Known.IsOfContext(method))
            {
                code.Report(Input, step.Operation.Syntax, code.Orchestrator.Name);
            }
        }
    }
}
