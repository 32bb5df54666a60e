using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>
/// Which loggers of an orchestrator know of replays: those that the context made, in whatever variables and parameters they are handed on.
/// The order of assignments does not matter: one unsafe value makes a variable unsafe, as does one unsafe caller a parameter. Fields and
/// properties never are safe, as others may assign them.
/// </summary>
internal sealed class ReplaySafety
{
    private readonly Orchestrator _orchestrator;
    private readonly KnownSymbols _known;
    private readonly Dictionary<ISymbol, List<IOperation>> _values = new(SymbolEqualityComparer.Default);

    public ReplaySafety(Orchestrator orchestrator, KnownSymbols known, IEnumerable<Step> steps)
    {
        _orchestrator = orchestrator;
        _known = known;
        foreach (var step in steps)
        {
            switch (step.Operation)
            {
                case IVariableDeclaratorOperation declarator when declarator.GetVariableInitializer() is { } initial:
                    Add(declarator.Symbol, initial.Value);
                    break;
                case IAssignmentOperation { Target: ILocalReferenceOperation { Local: var local }, Value: var value }:
                    Add(local, value);
                    break;
                case IAssignmentOperation { Target: IParameterReferenceOperation { Parameter: var parameter }, Value: var value }:
                    Add(parameter, value);
                    break;
                case IArgumentOperation { Parameter: { } parameter, Value: var value }:
                    Add(parameter.OriginalDefinition, value);
                    break;
            }
        }
    }

    public bool IsSafe(IOperation logger) => IsSafe(logger, new HashSet<ISymbol>(SymbolEqualityComparer.Default));

    private bool IsSafe(IOperation logger, HashSet<ISymbol> seen) => logger.Unconverted() switch
    {
        { ConstantValue: { HasValue: true } } => true,
        // A method of the project is looked at itself.
        IInvocationOperation call => IsMade(call) || !call.TargetMethod.DeclaringSyntaxReferences.IsEmpty,
        IPropertyReferenceOperation { Property: var property } => _known.IsOfContext(property),
        ILocalReferenceOperation { Local: var local } => IsSafe(local, seen),
        IParameterReferenceOperation { Parameter: var parameter } => IsSafe(parameter.OriginalDefinition, seen),
        IConditionalOperation { WhenFalse: { } other } choice => IsSafe(choice.WhenTrue, seen) && IsSafe(other, seen),
        ICoalesceOperation choice => IsSafe(choice.Value, seen) && IsSafe(choice.WhenNull, seen),
        IAssignmentOperation assignment => IsSafe(assignment.Value, seen),
        _ => false,
    };

    // What nobody is seen to assign, such as the parameter of a delegate that others call, gets the benefit of the doubt.
    private bool IsSafe(ISymbol variable, HashSet<ISymbol> seen) =>
        !IsGivenByEngine(variable)
        && (!seen.Add(variable) || !_values.TryGetValue(variable, out var values) || values.All(value => IsSafe(value, seen)));

    private bool IsGivenByEngine(ISymbol variable) =>
        variable is IParameterSymbol { ContainingSymbol: IMethodSymbol owner }
        && _orchestrator.Entries.Contains(owner, SymbolEqualityComparer.Default);

    private bool IsMade(IInvocationOperation call) =>
        (call.TargetMethod.Name == "CreateReplaySafeLogger" && _known.IsOfContext(call.TargetMethod))
        || (call.Instance ?? call.Arguments.FirstOrDefault()?.Value)?.Unconverted() is
            IPropertyReferenceOperation { Property.Name: "ReplaySafeLoggerFactory" };

    private void Add(ISymbol variable, IOperation value)
    {
        if (!_values.TryGetValue(variable, out var values)) _values.Add(variable, values = []);
        values.Add(value);
    }
}
