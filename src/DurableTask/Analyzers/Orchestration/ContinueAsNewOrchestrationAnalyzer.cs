using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0011: loops without an end, under which the history grows without an end.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ContinueAsNewOrchestrationAnalyzer : OrchestrationAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0011";

    private static readonly DiagnosticDescriptor Endless = Define(
        DiagnosticId,
        "An orchestrator loops for ever",
        "The orchestration '{0}' loops for ever here, and its history grows with each round; "
            + "call context.ContinueAsNew and return, instead of the next round");

    private protected override DiagnosticDescriptor Descriptor => Endless;

    private protected override void Examine(OrchestratorCode code)
    {
        foreach (var step in code.Steps)
        {
            if (step.Operation is ILoopOperation loop && IsEndless(loop, code) && !ContinuesAsNew(loop, code))
            {
                // the keyword only: the loop may be all of the method
                code.Report(Endless, loop.Syntax.GetFirstToken().GetLocation(), code.Orchestrator.Name);
            }
        }
    }

    private static bool IsEndless(ILoopOperation loop, OrchestratorCode code)
    {
        var condition = loop switch
        {
            IWhileLoopOperation { Condition: { } tested } => tested.ConstantValue,
            IForLoopOperation { Condition: { } tested } => tested.ConstantValue,
            IForLoopOperation => new Optional<object?>(true),
            _ => default,
        };
        if (condition is not { HasValue: true, Value: true } || loop.Syntax is not StatementSyntax statement) return false;
        // Who takes the values of an iterator decides when it ends.
        if (loop.Everything().Any(static operation => operation.Kind == OperationKind.YieldReturn)) return false;
        var flow = code.Source.ModelOf(statement.SyntaxTree).AnalyzeControlFlow(statement);
        return flow is { Succeeded: true, EndPointIsReachable: false, ReturnStatements.IsEmpty: true, ExitPoints.IsEmpty: true };
    }

    private static bool ContinuesAsNew(ILoopOperation loop, OrchestratorCode code)
    {
        var inside = loop.Everything().ToList();
        var called = inside.SelectMany(operation => code.Source.CalledBy(operation, code.Known));
        return inside.Concat(code.Source.Reach(called, code.Known, code.Cancellation).Select(static step => step.Operation))
            .Any(operation => operation is IInvocationOperation { TargetMethod: { Name: "ContinueAsNew" } method }
                && code.Known.IsOfContext(method));
    }
}
