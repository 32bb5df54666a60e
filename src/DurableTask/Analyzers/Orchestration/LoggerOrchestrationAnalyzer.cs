using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0010: loggers that write the same line again at each replay.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class LoggerOrchestrationAnalyzer : OrchestrationAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0010";

    private static readonly DiagnosticDescriptor Logger = Define(
        DiagnosticId,
        "An orchestrator logs at each replay",
        "The method '{0}' uses a logger that does not know of replays when it runs for the orchestration '{1}'; "
            + "use context.CreateReplaySafeLogger");

    private protected override DiagnosticDescriptor Descriptor => Logger;

    private protected override void Examine(OrchestratorCode code)
    {
        if (code.Known.Logger is null) return;
        foreach (var parameter in ParametersOf(code.Orchestrator).Where(parameter => KnownSymbols.Is(parameter.Type, code.Known.Logger)))
        {
            foreach (var place in parameter.DeclaringSyntaxReferences)
            {
                code.Report(Logger, place.GetSyntax(), SourceCode.NamedMethod((IMethodSymbol)parameter.ContainingSymbol).Name,
                    code.Orchestrator.Name);
            }
        }

        var steps = code.Steps.ToList();
        var safety = new ReplaySafety(code.Orchestrator, code.Known, steps);
        foreach (var step in steps.Where(step => IsUnsafe(step, code, safety) && !IsGuarded(step.Operation, code.Known)))
        {
            code.Report(Logger, step.Operation.Syntax, step.Method.Name, code.Orchestrator.Name);
        }
    }

    // The constructor of a class is an entry, too, but not one that the engine gives loggers.
    private static IEnumerable<IParameterSymbol> ParametersOf(Orchestrator orchestrator) => orchestrator.Entries
        .Where(static entry => entry.MethodKind != MethodKind.Constructor)
        .SelectMany(static entry => entry.Parameters);

    private static bool IsUnsafe(Step step, OrchestratorCode code, ReplaySafety safety) =>
        KnownSymbols.Is(step.Operation.Type, code.Known.Logger) && !IsWritten(step.Operation) && step.Operation switch
        {
            IFieldReferenceOperation or IPropertyReferenceOperation or ILocalReferenceOperation or IInvocationOperation =>
                !safety.IsSafe(step.Operation),
            // the engine's own are told of where they are declared
            IParameterReferenceOperation { Parameter.ContainingSymbol: IMethodSymbol owner } =>
                !(code.Orchestrator.Entries.Contains(owner, SymbolEqualityComparer.Default)
                    && KnownSymbols.Same(SourceCode.NamedMethod(owner), step.Method))
                && !safety.IsSafe(step.Operation),
            _ => false,
        };

    private static bool IsWritten(IOperation operation) =>
        operation.Parent is ISimpleAssignmentOperation assignment && ReferenceEquals(assignment.Target, operation);

    // if (!context.IsReplaying) { ... }
    private static bool IsGuarded(IOperation operation, KnownSymbols known)
    {
        for (var child = operation; child.Parent is { } parent; child = parent)
        {
            if (parent is IConditionalOperation condition && ReferenceEquals(condition.WhenTrue, child)
                && condition.Condition is IUnaryOperation { OperatorKind: UnaryOperatorKind.Not, Operand: var negated }
                && negated is IPropertyReferenceOperation { Property: { Name: "IsReplaying" } asked } && known.IsOfContext(asked))
            {
                return true;
            }
        }

        return false;
    }
}
