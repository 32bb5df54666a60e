using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0010: loggers that write the same line again at each replay.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class LoggerOrchestrationAnalyzer : OrchestrationAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0010";

    private static readonly DiagnosticDescriptor Logger = new(
        DiagnosticId,
        "An orchestrator logs at each replay",
        "The method '{0}' uses a logger that does not know of replays when it runs for the orchestration '{1}'; "
            + "use context.CreateReplaySafeLogger",
        Rule.Orchestration,
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        helpLinkUri: Rule.HelpOf(DiagnosticId));

    /// <inheritdoc />
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Logger];

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

        foreach (var step in code.Steps.Where(step => IsUnsafe(step, code) && !IsGuarded(step.Operation, code.Known)))
        {
            code.Report(Logger, step.Operation.Syntax, step.Method.Name, code.Orchestrator.Name);
        }
    }

    // The constructor of a class is an entry, too, but not one that the engine gives loggers.
    private static IEnumerable<IParameterSymbol> ParametersOf(Orchestrator orchestrator) => orchestrator.Entries
        .Where(static entry => entry.MethodKind != MethodKind.Constructor)
        .SelectMany(static entry => entry.Parameters);

    // A logger from elsewhere comes in as a field, a property, a service, or a parameter of the class itself. Other parameters are their
    // callers' affair, who are looked at, too.
    private static bool IsUnsafe(Step step, OrchestratorCode code)
    {
        if (!KnownSymbols.Is(step.Operation.Type, code.Known.Logger) || IsWritten(step.Operation)) return false;
        return step.Operation switch
        {
            IFieldReferenceOperation { Field: var field } => !IsReplaySafe(field, code),
            IPropertyReferenceOperation { Property: var property } => !IsReplaySafe(property, code),
            IParameterReferenceOperation { Parameter.ContainingSymbol: IMethodSymbol { MethodKind: MethodKind.Constructor } owner } =>
                !KnownSymbols.Same(owner, step.Method),
            IInvocationOperation call => !MakesReplaySafe(call, code.Known) && call.TargetMethod.DeclaringSyntaxReferences.IsEmpty,
            _ => false,
        };
    }

    private static bool IsWritten(IOperation operation) =>
        operation.Parent is ISimpleAssignmentOperation assignment && ReferenceEquals(assignment.Target, operation);

    private static bool MakesReplaySafe(IInvocationOperation call, KnownSymbols known) =>
        (call.TargetMethod.Name == "CreateReplaySafeLogger" && known.IsOfContext(call.TargetMethod))
        || (call.Instance ?? call.Arguments.FirstOrDefault()?.Value)?.Unconverted() is
            IPropertyReferenceOperation { Property.Name: "ReplaySafeLoggerFactory" };

    // All that is ever assigned to it was made by the context.
    private static bool IsReplaySafe(ISymbol member, OrchestratorCode code)
    {
        if (member is IPropertySymbol && code.Known.IsOfContext(member)) return true;
        var values = member.ContainingType.DeclaringSyntaxReferences
            .SelectMany(static reference => reference.GetSyntax().DescendantNodes())
            .OfType<CodeAnalysis.CSharp.Syntax.AssignmentExpressionSyntax>()
            .Select(node => code.Source.ModelOf(node.SyntaxTree).GetOperation(node))
            .OfType<ISimpleAssignmentOperation>()
            .Where(assignment => assignment.Target is IMemberReferenceOperation { Member: var target } && KnownSymbols.Same(target, member))
            .Select(static assignment => assignment.Value.Unconverted())
            .ToList();
        return values.Count > 0 && values.All(value => value is IInvocationOperation call && MakesReplaySafe(call, code.Known));
    }

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
