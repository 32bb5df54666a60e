using Microsoft.DurableTask.Analyzers.Orchestration;
using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Functions.Orchestration;

/// <summary>DURABLE0007: a token that is cancelled when the host stops, which no history knows of.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class CancellationTokenOrchestrationAnalyzer : OrchestrationAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0007";

    private static readonly DiagnosticDescriptor Token = Define(
        DiagnosticId,
        "An orchestrator takes a CancellationToken",
        "The orchestration '{0}' takes a CancellationToken: whether it is cancelled differs from replay to replay; remove the parameter");

    private protected override DiagnosticDescriptor Descriptor => Token;

    private protected override void Examine(OrchestratorCode code)
    {
        foreach (var parameter in code.Orchestrator.Entries.SelectMany(static entry => entry.Parameters))
        {
            if (!KnownSymbols.Same(parameter.Type, code.Known.CancellationToken)) continue;
            foreach (var place in parameter.DeclaringSyntaxReferences)
            {
                code.Report(Token, place.GetSyntax(code.Cancellation), code.Orchestrator.Name);
            }
        }
    }
}
