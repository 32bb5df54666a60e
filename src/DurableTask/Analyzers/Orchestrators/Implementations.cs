namespace Microsoft.DurableTask.Analyzers.Orchestrators;

/// <summary>Who overrides or implements what, within the compilation.</summary>
internal sealed class Implementations
{
    private readonly Dictionary<IMethodSymbol, List<IMethodSymbol>> _of = new(SymbolEqualityComparer.Default);

    public Implementations(Compilation compilation)
    {
        foreach (var type in TypesOf(compilation.Assembly.GlobalNamespace))
        {
            foreach (var method in type.GetMembers().OfType<IMethodSymbol>())
            {
                for (var overridden = method.OverriddenMethod; overridden is not null; overridden = overridden.OverriddenMethod)
                {
                    Add(overridden, method);
                }
            }

            if (type.TypeKind == TypeKind.Interface) continue;
            foreach (var member in type.AllInterfaces
                .Where(contract => KnownSymbols.Same(contract.ContainingAssembly, compilation.Assembly))
                .SelectMany(static contract => contract.GetMembers().OfType<IMethodSymbol>()))
            {
                if (type.FindImplementationForInterfaceMember(member) is IMethodSymbol found) Add(member, found);
            }
        }
    }

    public IEnumerable<IMethodSymbol> Of(IMethodSymbol method) => _of.TryGetValue(method, out var found) ? found : [];

    private void Add(IMethodSymbol method, IMethodSymbol implementation)
    {
        var definition = method.OriginalDefinition;
        if (!_of.TryGetValue(definition, out var found)) _of.Add(definition, found = []);
        found.Add(implementation.OriginalDefinition);
    }

    private static IEnumerable<INamedTypeSymbol> TypesOf(INamespaceOrTypeSymbol scope) =>
        scope.GetMembers().SelectMany(static member => member switch
        {
            INamespaceSymbol space => TypesOf(space),
            INamedTypeSymbol type => TypesOf(type).Prepend(type),
            _ => [],
        });
}
