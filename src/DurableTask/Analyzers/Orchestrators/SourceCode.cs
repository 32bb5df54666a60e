using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Microsoft.DurableTask.Analyzers.Orchestrators;

/// <summary>
/// The bodies of a compilation's methods, and what calls what. Shared by all rules, so that each method is bound once; and found on demand,
/// so that only what orchestrators come to is.
/// </summary>
internal sealed class SourceCode
{
    private static readonly ConditionalWeakTable<Compilation, SourceCode> Known = new();

    private readonly Compilation _compilation;
    private readonly ConcurrentDictionary<SyntaxTree, SemanticModel> _models = new();
    private readonly ConcurrentDictionary<IMethodSymbol, ImmutableArray<IOperation>> _bodies = new(SymbolEqualityComparer.Default);
    private readonly Lazy<Implementations> _implementations;

    private SourceCode(Compilation compilation)
    {
        _compilation = compilation;
        _implementations = new Lazy<Implementations>(() => new Implementations(compilation));
    }

    public static SourceCode Of(Compilation compilation) => Known.GetValue(compilation, static key => new SourceCode(key));

    /// <summary>The method around a lambda or local function; others themselves.</summary>
    public static IMethodSymbol NamedMethod(IMethodSymbol method)
    {
        while (method.MethodKind is MethodKind.AnonymousFunction or MethodKind.LocalFunction
            && method.ContainingSymbol is IMethodSymbol outer)
        {
            method = outer;
        }

        return method;
    }

    /// <summary>Every operation of the methods and of all code of this compilation that they may call.</summary>
    public IEnumerable<Step> Reach(IEnumerable<IMethodSymbol> entries, KnownSymbols known, CancellationToken cancellation)
    {
        var seen = new HashSet<IMethodSymbol>(SymbolEqualityComparer.Default);
        var open = new Queue<(IMethodSymbol Method, bool IsEntry)>();
        foreach (var entry in entries)
        {
            if (seen.Add(entry)) open.Enqueue((entry, true));
        }

        while (open.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            var (method, isEntry) = open.Dequeue();
            var named = NamedMethod(method);
            foreach (var operation in BodiesOf(method).SelectMany(static body => body.Everything()))
            {
                yield return new Step(named, isEntry, operation);
                foreach (var called in CalledBy(operation, known))
                {
                    if (seen.Add(called)) open.Enqueue((called, false));
                }
            }
        }
    }

    /// <summary>The methods of this compilation that the operation itself may run.</summary>
    public IEnumerable<IMethodSymbol> CalledBy(IOperation operation, KnownSymbols known)
    {
        foreach (var (method, isVirtual) in TargetsOf(operation))
        {
            // The context's own code is the engine's, or stands for it in a test.
            if (known.IsOfContext(method)) continue;
            var definition = (method.ReducedFrom ?? method).OriginalDefinition;
            if (!IsHere(definition) || definition.MethodKind is MethodKind.LocalFunction) continue;
            yield return definition.PartialImplementationPart ?? definition;
            if (!isVirtual) continue;
            foreach (var implementation in _implementations.Value.Of(definition))
            {
                yield return implementation;
            }
        }
    }

    public SemanticModel ModelOf(SyntaxTree tree) => _models.GetOrAdd(
        tree,
#pragma warning disable RS1030 // The method is not in the tree that is analysed at the moment; the models are shared.
        key => _compilation.GetSemanticModel(key));
#pragma warning restore RS1030

    private static IEnumerable<(IMethodSymbol Method, bool IsVirtual)> TargetsOf(IOperation operation)
    {
        switch (operation)
        {
            case IInvocationOperation call:
                yield return (call.TargetMethod, call.IsVirtual);
                break;
            case IObjectCreationOperation { Constructor: { } constructor }:
                yield return (constructor, false);
                break;
            case IMethodReferenceOperation reference:
                yield return (reference.Method, reference.IsVirtual);
                break;
            case IPropertyReferenceOperation reference:
                var isVirtual = reference.Instance?.Syntax is not BaseExpressionSyntax;
                var isTarget = reference.Parent is IAssignmentOperation assignment && ReferenceEquals(assignment.Target, reference);
                if (reference.Property.GetMethod is { } getter && (!isTarget || reference.Parent is not ISimpleAssignmentOperation))
                {
                    yield return (getter, isVirtual);
                }

                if (isTarget && reference.Property.SetMethod is { } setter) yield return (setter, isVirtual);
                break;
            case IBinaryOperation { OperatorMethod: { } method }: yield return (method, false); break;
            case IUnaryOperation { OperatorMethod: { } method }: yield return (method, false); break;
            case IConversionOperation { OperatorMethod: { } method }: yield return (method, false); break;
            case ICompoundAssignmentOperation { OperatorMethod: { } method }: yield return (method, false); break;
            case IIncrementOrDecrementOperation { OperatorMethod: { } method }: yield return (method, false); break;
        }
    }

    private bool IsHere(ISymbol symbol) => KnownSymbols.Same(symbol.ContainingAssembly, _compilation.Assembly);

    private ImmutableArray<IOperation> BodiesOf(IMethodSymbol method) => _bodies.GetOrAdd(
        method,
        key =>
        {
            var syntax = key.DeclaringSyntaxReferences.Select(static reference => reference.GetSyntax());
            if (key.MethodKind == MethodKind.Constructor) syntax = syntax.Concat(InitializersOf(key.ContainingType));
            return
            [
                .. syntax
                    // the declaration of a class with a primary constructor is not its body
                    .Where(node => node is not TypeDeclarationSyntax && _compilation.ContainsSyntaxTree(node.SyntaxTree))
                    .Select(node => ModelOf(node.SyntaxTree).GetOperation(node))
                    .OfType<IOperation>(),
            ];
        });

    private static IEnumerable<SyntaxNode> InitializersOf(INamedTypeSymbol type) => type.GetMembers()
        .Where(static member => !member.IsStatic && member is IFieldSymbol or IPropertySymbol && !member.IsImplicitlyDeclared)
        .SelectMany(static member => member.DeclaringSyntaxReferences)
        .Select(static reference => (SyntaxNode?)(reference.GetSyntax() switch
        {
            VariableDeclaratorSyntax { Initializer: { } value } => value,
            PropertyDeclarationSyntax { Initializer: { } value } => value,
            _ => null,
        }))
        .OfType<SyntaxNode>();
}
