using System.Collections.Concurrent;

namespace Microsoft.DurableTask.Analyzers.Activities;

/// <summary>The activities and orchestrators that a project knows: classes and functions of its own and of what it references, and what it
/// puts into registries itself.</summary>
internal sealed class TaskCatalog(KnownSymbols known)
{
    private readonly ConcurrentBag<TaskSignature> _activities = [];
    private readonly ConcurrentBag<TaskSignature> _orchestrators = [];
    private volatile bool _hasNamelessActivities;
    private volatile bool _hasNamelessOrchestrators;

    /// <summary>Calls of tasks, for when all tasks are known.</summary>
    public ConcurrentBag<TaskCall> Calls { get; } = [];

    public ILookup<string, TaskSignature> Activities => _activities.ToLookup(static task => task.Name, StringComparer.OrdinalIgnoreCase);

    public ILookup<string, TaskSignature> Orchestrators =>
        _orchestrators.ToLookup(static task => task.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Some activity has a name that only the running program knows: no name can be called unknown.</summary>
    public bool HasNamelessActivities => _hasNamelessActivities;

    /// <inheritdoc cref="HasNamelessActivities" />
    public bool HasNamelessOrchestrators => _hasNamelessOrchestrators;

    public void AddClass(INamedTypeSymbol type)
    {
        if (type.TypeKind != TypeKind.Class || type.IsAbstract) return;
        var name = known.TaskNameOf(type);
        if (KnownSymbols.Is(type, known.Activity)) _activities.Add(SignatureOf(name, type, known.TypedActivity));
        if (KnownSymbols.Is(type, known.Orchestrator)) _orchestrators.Add(SignatureOf(name, type, known.TypedOrchestrator));
    }

    public void AddFunction(IMethodSymbol method)
    {
        foreach (var parameter in method.Parameters)
        {
            if (KnownSymbols.AttributeOf(parameter, known.ActivityTrigger) is { } activity)
            {
                // The trigger on a context: the function may read the input from there, or not.
                var input = KnownSymbols.Same(parameter.Type, known.ActivityContext)
                    || KnownSymbols.Same(parameter.Type, known.FunctionContext) ? null : parameter.Type;
                var output = ResultOf(method.ReturnType);
                _activities.Add(new TaskSignature(NameOf(activity, "Activity", method), input, output, ReturnsNothing: output is null));
            }
            else if (KnownSymbols.AttributeOf(parameter, known.OrchestrationTrigger) is { } orchestration)
            {
                _orchestrators.Add(new TaskSignature(NameOf(orchestration, "Orchestration", method), null, null));
            }
        }
    }

    /// <summary>A call of one of the registry's methods, or of a task.</summary>
    public void AddInvocation(IInvocationOperation call)
    {
        var method = call.TargetMethod;
        if (method.Name is "CallActivityAsync" or "CallSubOrchestratorAsync" && known.IsOfContext(method))
        {
            if (TaskCall.Read(call) is { } read) Calls.Add(read);
        }
        else if (KnownSymbols.Same(method.ContainingType, known.Registry))
        {
            if (method.Name is "AddActivity" or "AddActivityFunc") AddRegistration(call, isActivity: true);
            if (method.Name is "AddOrchestrator" or "AddOrchestratorFunc") AddRegistration(call, isActivity: false);
        }
    }

    public void AddReferences(CancellationToken cancellation)
    {
        foreach (var assembly in known.Compilation.SourceModule.ReferencedAssemblySymbols.Where(MayHaveTasks))
        {
            AddTypes(assembly.GlobalNamespace, cancellation);
        }
    }

    private void AddRegistration(IInvocationOperation call, bool isActivity)
    {
        var method = call.TargetMethod;
        var type = TypeArgument(method, isActivity ? "TActivity" : "TOrchestrator")
            ?? (call.Argument("type")?.Value as ITypeOfOperation)?.TypeOperand;
        var name = call.Argument("name") is { } given ? given.Value.ConstantText()
            : type is INamedTypeSymbol named ? known.TaskNameOf(named)
            : (call.Argument("activity") ?? call.Argument("orchestrator"))?.Value.Unconverted().Type is INamedTypeSymbol single
                ? known.TaskNameOf(single)
            : null;
        if (name is null)
        {
            _hasNamelessActivities |= isActivity;
            _hasNamelessOrchestrators |= !isActivity;
            return;
        }

        var isFunction = method.Name is "AddActivityFunc" or "AddOrchestratorFunc";
        var (input, output) = (TypeArgument(method, "TInput"), TypeArgument(method, "TOutput"));
        var signature = isFunction ? new TaskSignature(name, input, output, TakesNothing: input is null, ReturnsNothing: output is null)
            : type is INamedTypeSymbol task ? SignatureOf(name, task, isActivity ? known.TypedActivity : known.TypedOrchestrator)
            : new TaskSignature(name, null, null);
        (isActivity ? _activities : _orchestrators).Add(signature);
    }

    private void AddTypes(INamespaceOrTypeSymbol scope, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        foreach (var member in scope.GetMembers())
        {
            switch (member)
            {
                case INamespaceSymbol space:
                    AddTypes(space, cancellation);
                    break;
                case INamedTypeSymbol type:
                    AddClass(type);
                    AddTypes(type, cancellation);
                    break;
                case IMethodSymbol method:
                    AddFunction(method);
                    break;
            }
        }
    }

    // Frameworks have no tasks, and many types.
    private bool MayHaveTasks(IAssemblySymbol assembly) =>
        !assembly.Name.StartsWith("Microsoft.", StringComparison.Ordinal)
        && assembly.Modules.SelectMany(static module => module.ReferencedAssemblies)
            .Any(reference => reference.Name == known.Context!.ContainingAssembly.Name
                || reference.Name == known.ActivityTrigger?.ContainingAssembly.Name);

    private static TaskSignature SignatureOf(string name, INamedTypeSymbol type, INamedTypeSymbol? typedBase)
    {
        for (var current = type; current is not null; current = current.BaseType)
        {
            if (KnownSymbols.Same(current.OriginalDefinition, typedBase))
            {
                return new TaskSignature(name, current.TypeArguments[0], current.TypeArguments[1]);
            }
        }

        return new TaskSignature(name, null, null);
    }

    private string NameOf(AttributeData trigger, string property, IMethodSymbol method) =>
        trigger.NamedArguments.FirstOrDefault(argument => argument.Key == property).Value.Value is string { Length: > 0 } given
            ? given
            : known.FunctionNameOf(method) ?? method.Name;

    private ITypeSymbol? ResultOf(ITypeSymbol type)
    {
        var definition = type.OriginalDefinition;
        if (KnownSymbols.Same(definition, known.Task) || KnownSymbols.Same(definition, known.ValueTask))
        {
            return ((INamedTypeSymbol)type).TypeArguments[0];
        }

        var isNothing = type.SpecialType == SpecialType.System_Void
            || type.ToDisplayString() is "System.Threading.Tasks.Task" or "System.Threading.Tasks.ValueTask";
        return isNothing ? null : type;
    }

    private static ITypeSymbol? TypeArgument(IMethodSymbol method, string parameter)
    {
        var index = method.TypeParameters.Select(static item => item.Name).ToList().IndexOf(parameter);
        return index < 0 ? null : method.TypeArguments[index];
    }
}
