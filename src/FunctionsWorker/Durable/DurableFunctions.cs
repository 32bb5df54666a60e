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
                case OrchestrationTriggerAttribute trigger:
                    registry.AddOrchestrator(trigger.Orchestration ?? function.Name, () => new FunctionOrchestrator(function, scopes, log));
                    break;
                case ActivityTriggerAttribute trigger:
                    registry.AddActivity(trigger.Activity ?? function.Name, _ => new FunctionActivity(function, invoker, log));
                    break;
                case EntityTriggerAttribute trigger:
                    registry.AddEntity(trigger.EntityName ?? function.Name, batch => new FunctionEntity(function, invoker, log, batch));
                    break;
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
