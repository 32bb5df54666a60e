using System.Collections.Immutable;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Azure.Functions.Worker.Http;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>Finds a function's outputs and judges them once at start; each verdict says what was expected.</summary>
internal static class OutputRules
{
    public static ImmutableArray<OutputDescriptor> Of(MethodInfo method, TriggerBindingAttribute trigger, Action<string> fault)
    {
        OutputBindingAttribute[] whole =
        [
            .. method.GetCustomAttributes<OutputBindingAttribute>(),
            .. method.ReturnParameter.GetCustomAttributes(typeof(OutputBindingAttribute), inherit: true).Cast<OutputBindingAttribute>(),
        ];
        ImmutableArray<OutputDescriptor> parts = PartsOf(DurableFunctions.OutputType(method), trigger, fault);
        if (whole.Length > 0 && parts.Length > 0)
        {
            fault($"has [{NameOf(whole[0])}] on the method and outputs on properties of what it returns ({parts[0].Name}), expected one of "
                + "both");
        }

        if (whole.Length > 1)
        {
            fault($"has {whole.Length} output attributes, expected one; return a class with one per property");
        }

        if (whole.Length > 0 && (method.ReturnType == typeof(void) || method.ReturnType == typeof(Task)
            || method.ReturnType == typeof(ValueTask)))
        {
            fault($"has [{NameOf(whole[0])}] and returns nothing, expected a value to hand on");
        }

        ImmutableArray<OutputDescriptor> outputs = [.. whole.Select(static a => new OutputDescriptor(OutputDescriptor.WholeName, a, null)),
            .. parts];
        Check(outputs, trigger, fault);
        return outputs.IsEmpty && trigger is HttpTriggerAttribute
            ? [new(OutputDescriptor.WholeName, new HttpResultAttribute(), Property: null)]
            : outputs;
    }

    /// <summary>What can only be meant as the reply to a request.</summary>
    public static bool IsReplyType(Type type) => typeof(HttpResponseData).IsAssignableFrom(type)
        || typeof(IActionResult).IsAssignableFrom(type) || typeof(IResult).IsAssignableFrom(type);

    private static ImmutableArray<OutputDescriptor> PartsOf(Type result, TriggerBindingAttribute trigger, Action<string> fault)
    {
        var parts = ImmutableArray.CreateBuilder<OutputDescriptor>();
        if (result.IsPrimitive || result == typeof(string) || IsReplyType(result))
        {
            return [];
        }

        foreach (PropertyInfo property in result.GetProperties().Where(static p => p.CanRead && p.GetIndexParameters().Length == 0))
        {
            OutputBindingAttribute[] attributes = [.. property.GetCustomAttributes<OutputBindingAttribute>()];
            if (attributes.Length > 1)
            {
                fault($"returns {result.Name}, whose property {property.Name} has {attributes.Length} output attributes, expected one");
            }

            if (attributes.Length > 0)
            {
                parts.Add(new(property.Name, attributes[0], property));
            }
            else if (trigger is HttpTriggerAttribute && IsReplyType(property.PropertyType))
            {
                parts.Add(new(property.Name, new HttpResultAttribute(), property));
            }
        }

        return parts.ToImmutable();
    }

    private static void Check(ImmutableArray<OutputDescriptor> outputs, TriggerBindingAttribute trigger, Action<string> fault)
    {
        int replies = outputs.Count(static o => o.IsReply);
        if (replies > 1)
        {
            fault($"has {replies} outputs that reply to the request ("
                + string.Join(", ", outputs.Where(static o => o.IsReply).Select(static o => o.Name)) + "), expected one");
        }

        if (replies > 0 && trigger is not HttpTriggerAttribute)
        {
            fault("has [HttpResult], expected it with [HttpTrigger] only: there is no request to reply to");
        }

        foreach (OutputDescriptor output in outputs)
        {
            if (output.Attribute is not (QueueOutputAttribute or HttpResultAttribute))
            {
                fault($"has [{NameOf(output.Attribute)}] on {output.Name}, which this host cannot fill; expected [QueueOutput] or "
                    + "[HttpResult]");
            }
            else if (!output.IsReply && trigger is OrchestrationTriggerAttribute or EntityTriggerAttribute)
            {
                fault($"has [{NameOf(output.Attribute)}] on {output.Name}; orchestrators and entities hand nothing on, as they may run "
                    + "more than once: do it in an activity");
            }
        }
    }

    private static string NameOf(Attribute attribute) => attribute.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal);
}
