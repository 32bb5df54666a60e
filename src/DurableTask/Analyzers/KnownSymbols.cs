using System.Runtime.CompilerServices;

namespace Microsoft.DurableTask.Analyzers;

/// <summary>The types that the rules speak of, as a compilation knows them; null where it does not.</summary>
internal sealed class KnownSymbols(Compilation compilation)
{
    private static readonly ConditionalWeakTable<Compilation, KnownSymbols> Known = new();

    public Compilation Compilation { get; } = compilation;

    public INamedTypeSymbol? Context { get; } = Find(compilation, "Microsoft.DurableTask.TaskOrchestrationContext");

    public INamedTypeSymbol? Orchestrator { get; } = Find(compilation, "Microsoft.DurableTask.ITaskOrchestrator");

    public INamedTypeSymbol? TypedOrchestrator { get; } = Find(compilation, "Microsoft.DurableTask.TaskOrchestrator`2");

    public INamedTypeSymbol? FuncOrchestrator { get; } = Find(compilation, "Microsoft.DurableTask.FuncTaskOrchestrator");

    public INamedTypeSymbol? Activity { get; } = Find(compilation, "Microsoft.DurableTask.ITaskActivity");

    public INamedTypeSymbol? TypedActivity { get; } = Find(compilation, "Microsoft.DurableTask.TaskActivity`2");

    public INamedTypeSymbol? ActivityContext { get; } = Find(compilation, "Microsoft.DurableTask.TaskActivityContext");

    public INamedTypeSymbol? FunctionContext { get; } = Find(compilation, "Microsoft.Azure.Functions.Worker.FunctionContext");

    public INamedTypeSymbol? Registry { get; } = Find(compilation, "Microsoft.DurableTask.DurableTaskRegistry");

    public INamedTypeSymbol? TaskAttribute { get; } = Find(compilation, "Microsoft.DurableTask.DurableTaskAttribute");

    public INamedTypeSymbol? FunctionAttribute { get; } = Find(compilation, "Microsoft.Azure.Functions.Worker.FunctionAttribute");

    public INamedTypeSymbol? OrchestrationTrigger { get; } =
        Find(compilation, "Microsoft.Azure.Functions.Worker.OrchestrationTriggerAttribute");

    public INamedTypeSymbol? ActivityTrigger { get; } = Find(compilation, "Microsoft.Azure.Functions.Worker.ActivityTriggerAttribute");

    public INamedTypeSymbol? Binding { get; } =
        Find(compilation, "Microsoft.Azure.Functions.Worker.Extensions.Abstractions.BindingAttribute");

    public INamedTypeSymbol? Logger { get; } = Find(compilation, "Microsoft.Extensions.Logging.ILogger");

    public INamedTypeSymbol? CancellationToken { get; } = Find(compilation, "System.Threading.CancellationToken");

    public INamedTypeSymbol? Task { get; } = Find(compilation, "System.Threading.Tasks.Task`1");

    public INamedTypeSymbol? ValueTask { get; } = Find(compilation, "System.Threading.Tasks.ValueTask`1");

    /// <summary>Null for a compilation without Durable Task.</summary>
    public static KnownSymbols? Of(Compilation compilation)
    {
        var known = Known.GetValue(compilation, static key => new KnownSymbols(key));
        return known.Context is null ? null : known;
    }

    /// <summary>A member of the orchestration context, or of a class that derives from it.</summary>
    public bool IsOfContext(ISymbol member) => member.ContainingType is { } type && Is(type, Context);

    /// <summary>The type itself, one that derives from it, or one that implements it.</summary>
    public static bool Is(ITypeSymbol? type, INamedTypeSymbol? ancestor)
    {
        if (type is null || ancestor is null) return false;
        if (ancestor.TypeKind == TypeKind.Interface && type.AllInterfaces.Any(item => Same(item.OriginalDefinition, ancestor))) return true;
        for (ITypeSymbol? current = type; current is not null; current = current.BaseType)
        {
            if (Same(current.OriginalDefinition, ancestor)) return true;
        }

        return false;
    }

    public static bool Same(ISymbol? one, ISymbol? other) => one is not null && SymbolEqualityComparer.Default.Equals(one, other);

    public static AttributeData? AttributeOf(ISymbol symbol, INamedTypeSymbol? type) =>
        type is null ? null : symbol.GetAttributes().FirstOrDefault(attribute => Same(attribute.AttributeClass, type));

    /// <summary>The name that [DurableTask] gives the class, else its own.</summary>
    public string TaskNameOf(INamedTypeSymbol type) =>
        AttributeOf(type, TaskAttribute)?.ConstructorArguments.FirstOrDefault().Value is string { Length: > 0 } name ? name : type.Name;

    /// <summary>The name that [Function] gives the method; null without one.</summary>
    public string? FunctionNameOf(IMethodSymbol method) =>
        AttributeOf(method, FunctionAttribute)?.ConstructorArguments.FirstOrDefault().Value as string;

    // Two referenced assemblies may both have a type of the name; any of them will do for a comparison by name, the first is ours.
    private static INamedTypeSymbol? Find(Compilation compilation, string name) =>
        compilation.GetTypeByMetadataName(name) ?? compilation.GetTypesByMetadataName(name).FirstOrDefault();
}
