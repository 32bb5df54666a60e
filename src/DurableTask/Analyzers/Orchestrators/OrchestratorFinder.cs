namespace Microsoft.DurableTask.Analyzers.Orchestrators;

/// <summary>Recognises orchestrators where they are declared.</summary>
internal static class OrchestratorFinder
{
    private const string AddFunction = "AddOrchestratorFunc";

    /// <summary>A class that implements ITaskOrchestrator, directly or through its base class.</summary>
    public static Orchestrator? FromClass(INamedTypeSymbol type, KnownSymbols known)
    {
        if (type.TypeKind != TypeKind.Class || type.IsAbstract || !KnownSymbols.Is(type, known.Orchestrator)) return null;
        var entries = ImmutableArray.CreateBuilder<IMethodSymbol>();
        if (RunOf(type, known) is { } run) entries.Add(run);
        // what a field begins with is computed anew at each replay
        entries.AddRange(type.InstanceConstructors);
        return new Orchestrator(known.TaskNameOf(type), OrchestratorKind.Class, entries.ToImmutable());
    }

    /// <summary>A method with a parameter that has [OrchestrationTrigger].</summary>
    public static Orchestrator? FromFunction(IMethodSymbol method, KnownSymbols known) =>
        method.Parameters.Any(parameter => KnownSymbols.AttributeOf(parameter, known.OrchestrationTrigger) is not null)
            ? new Orchestrator(known.FunctionNameOf(method) ?? method.Name, OrchestratorKind.Function, [method])
            : null;

    /// <summary>A lambda or method that is given to AddOrchestratorFunc or FuncTaskOrchestrator.Create.</summary>
    public static Orchestrator? FromCall(IInvocationOperation call, KnownSymbols known)
    {
        var method = call.TargetMethod;
        var isRegistration = method.Name == AddFunction && KnownSymbols.Same(method.ContainingType, known.Registry);
        if (!isRegistration && !KnownSymbols.Same(method.ContainingType, known.FuncOrchestrator)) return null;
        var target = call.Arguments.Select(static argument => Target(argument.Value)).FirstOrDefault(static found => found is not null);
        if (target is null) return null;
        var name = isRegistration ? call.Argument("name")?.Value.ConstantText() : null;
        return new Orchestrator(name ?? SourceCode.NamedMethod(target).Name, OrchestratorKind.Delegate, [target]);
    }

    private static IMethodSymbol? Target(IOperation argument) => argument.Unconverted() is IDelegateCreationOperation creation
        ? creation.Target switch
        {
            IAnonymousFunctionOperation lambda => lambda.Symbol,
            IMethodReferenceOperation reference => reference.Method,
            _ => null,
        }
        : null;

    // The method that runs for this class: its own, or one that it inherits.
    private static IMethodSymbol? RunOf(INamedTypeSymbol type, KnownSymbols known)
    {
        for (var current = type; current is not null; current = current.BaseType)
        {
            foreach (var method in current.GetMembers().OfType<IMethodSymbol>())
            {
                if (IsTypedRun(method, known) || IsInterfaceRun(method, type, known)) return method;
            }
        }

        return null;
    }

    private static bool IsTypedRun(IMethodSymbol method, KnownSymbols known)
    {
        var root = method;
        while (root.OverriddenMethod is { } overridden)
        {
            root = overridden;
        }

        return method.IsOverride && !method.IsAbstract && root.Name == "RunAsync"
            && KnownSymbols.Same(root.ContainingType.OriginalDefinition, known.TypedOrchestrator);
    }

    private static bool IsInterfaceRun(IMethodSymbol method, INamedTypeSymbol type, KnownSymbols known) =>
        !method.IsAbstract
        && !KnownSymbols.Same(method.ContainingType.OriginalDefinition, known.TypedOrchestrator)
        && known.Orchestrator!.GetMembers("RunAsync").Any(
            member => KnownSymbols.Same(type.FindImplementationForInterfaceMember(member), method));
}
