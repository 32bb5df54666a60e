using System.Reflection;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Registers the durable functions of the catalog as tasks of the worker.</summary>
internal static class DurableFunctions
{
    public static bool Any(FunctionCatalog catalog) => catalog.Functions.Any(static f =>
        f.Trigger is OrchestrationTriggerAttribute or ActivityTriggerAttribute or EntityTriggerAttribute
            || f.Bindings.Any(static b => b.Attribute is DurableClientAttribute));

    public static void AddTo(DurableTaskRegistry registry, IEnumerable<FunctionDescriptor> functions, IServiceProvider services)
    {
        var scopes = services.GetRequiredService<IServiceScopeFactory>();
        var invoker = services.GetRequiredService<FunctionInvoker>();
        var log = services.GetRequiredService<PayloadLog>();
        registry.AddActivity(HttpActivity.Name, static provider => ActivatorUtilities.CreateInstance<HttpActivity>(provider));
        foreach (FunctionDescriptor function in functions)
        {
            switch (function.Trigger)
            {
                case OrchestrationTriggerAttribute:
                    registry.AddOrchestrator(TaskNameOf(function), () => new FunctionOrchestrator(function, scopes, log));
                    break;
                case ActivityTriggerAttribute:
                    registry.AddActivity(TaskNameOf(function), _ => new FunctionActivity(function, invoker, log));
                    break;
                case EntityTriggerAttribute:
                    registry.AddEntity(TaskNameOf(function), batch => new FunctionEntity(function, invoker, log, batch));
                    break;
            }
        }
    }

    /// <summary>The name under which a durable function is called: that of its trigger, or its own.</summary>
    public static string TaskNameOf(FunctionDescriptor function) => function.Trigger switch
    {
        OrchestrationTriggerAttribute { Orchestration: { } name } => name,
        ActivityTriggerAttribute { Activity: { } name } => name,
        EntityTriggerAttribute { EntityName: { } name } => name,
        _ => function.Name,
    };

    /// <summary>A call must reach one function: no two of a kind have one name, in whatever case.</summary>
    public static void CheckNames(IEnumerable<FunctionDescriptor> functions, FunctionFaults faults)
    {
        var same = functions
            .Where(static f => f.Trigger is OrchestrationTriggerAttribute or ActivityTriggerAttribute or EntityTriggerAttribute)
            .GroupBy(static f => (f.Trigger.GetType(), TaskNameOf(f).ToUpperInvariant()))
            .Where(static group => group.Count() > 1);
        foreach (FunctionDescriptor[] group in same.Select(static group => group.ToArray()))
        {
            string kind = group[0].Trigger.GetType().Name.Replace("TriggerAttribute", "", StringComparison.Ordinal);
            string all = string.Join(", ", group.Select(static f => $"function '{f.Name}' ({f.EntryPoint})"));
            foreach (FunctionDescriptor function in group)
            {
                faults.Of(function.Name).Add($"function '{function.Name}' ({function.EntryPoint}): its [{kind}Trigger] has the name "
                    + $"'{TaskNameOf(function)}', expected a name of its own among those of this kind: {all}");
            }
        }
    }

    /// <summary>What the method gives: T of Task&lt;T&gt; and ValueTask&lt;T&gt;; object for none.</summary>
    public static Type OutputType(MethodInfo method)
    {
        Type type = method.ReturnType;
        bool isTaskOf = type.IsGenericType
            && (type.GetGenericTypeDefinition() == typeof(Task<>) || type.GetGenericTypeDefinition() == typeof(ValueTask<>));
        return isTaskOf ? type.GenericTypeArguments[0]
            : type == typeof(void) || type == typeof(Task) || type == typeof(ValueTask) ? typeof(object)
            : type;
    }

    /// <summary>What stands for a missing input: the declared default, or that of the type.</summary>
    public static object? DefaultOf(FunctionParameter parameter) =>
        parameter.HasDefaultValue ? parameter.DefaultValue
        : parameter.Type.IsValueType ? Activator.CreateInstance(parameter.Type)
        : null;
}
