using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>What a parameter must be so that something can fill it. Judged once at start; each verdict says what was expected.</summary>
internal static class ParameterRules
{
    private static readonly HashSet<Type> HttpTypes = [typeof(HttpRequest), typeof(HttpContext), typeof(HttpRequestData)];

    public static IEnumerable<string> Check(
        ParameterDescriptor parameter, TriggerBindingAttribute trigger, ImmutableArray<ParameterDescriptor> all)
    {
        Type type = parameter.Parameter.Type;
        string? fault = parameter.Attribute switch
        {
            TimerTriggerAttribute when !type.IsClass || type.IsAbstract => "has [TimerTrigger], expected type TimerInfo",
            OrchestrationTriggerAttribute when type != typeof(TaskOrchestrationContext) =>
                "has [OrchestrationTrigger], expected type TaskOrchestrationContext",
            EntityTriggerAttribute when type != typeof(TaskEntityDispatcher) => "has [EntityTrigger], expected type TaskEntityDispatcher",
            DurableClientAttribute when type != typeof(DurableTaskClient) => "has [DurableClient], expected type DurableTaskClient",
            DurableClientAttribute when trigger is OrchestrationTriggerAttribute =>
                "is a client in an orchestrator, which must be deterministic; do it in an activity",
            HttpTriggerAttribute { AuthLevel: AuthorizationLevel.User } => "has level User, expected Anonymous, Function, System or Admin",
            HttpTriggerAttribute or TimerTriggerAttribute or QueueTriggerAttribute or OrchestrationTriggerAttribute
                or ActivityTriggerAttribute or EntityTriggerAttribute or DurableClientAttribute => null,
            TriggerBindingAttribute other => $"{Unknown(other)}: expected a trigger of HTTP, timers, queues or durable tasks",
            not null when parameter.Converters.IsEmpty =>
                $"{Unknown(parameter.Attribute)}: expected [DurableClient], [FromBody], or an attribute with an [InputConverter]",
            not null => null,
            null when !parameter.Converters.IsEmpty => null,
            null => CheckUnattributed(parameter, trigger, all),
        };
        return fault is null ? [] : [fault];
    }

    private static string Unknown(BindingAttribute attribute) =>
        $"has [{attribute.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal)}], which this host does not know";

    private static string? CheckUnattributed(
        ParameterDescriptor parameter, TriggerBindingAttribute trigger, ImmutableArray<ParameterDescriptor> all)
    {
        Type type = parameter.Parameter.Type;
        if (type.IsByRef)
        {
            return "is ref, in or out, expected a value";
        }

        if (HttpTypes.Contains(type))
        {
            return trigger is HttpTriggerAttribute ? null : "needs [HttpTrigger]; this function has another trigger";
        }

        if (type == typeof(FunctionContext) || type == typeof(CancellationToken))
        {
            return null;
        }

        if (type == typeof(DurableTaskClient))
        {
            return "needs [DurableClient]";
        }

        if (trigger is OrchestrationTriggerAttribute)
        {
            int inputs = all.Count(static p => p.Attribute is null
                && p.Parameter.Type != typeof(FunctionContext) && p.Parameter.Type != typeof(CancellationToken));
            return inputs > 1 ? "is one of several that could be the input, expected one" : null;
        }

        return IsSimple(type) || (trigger is HttpTriggerAttribute && IsOfSimple(type)) || parameter.Parameter.HasDefaultValue
            ? null
            : "is bound by nothing: expected FunctionContext, CancellationToken, a simple type named like a route value "
                + "or datum of the trigger, or an attribute such as [FromBody] or [DurableClient] (services come through the constructor)";
    }

    private static bool IsSimple(Type type)
    {
        Type scalar = Nullable.GetUnderlyingType(type) ?? type;
        return scalar == typeof(string) || scalar == typeof(object) || ScalarConverter.IsScalar(scalar);
    }

    // A query value may be a JSON array, and all headers are a JSON object. Other classes are more likely services that nobody brings.
    private static bool IsOfSimple(Type type) =>
        type.IsArray ? IsSimple(type.GetElementType()!)
        : type.IsGenericType && type.Namespace == "System.Collections.Generic" && type.GetGenericArguments().All(IsSimple);
}
