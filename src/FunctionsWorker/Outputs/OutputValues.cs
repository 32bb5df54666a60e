using System.Diagnostics.CodeAnalysis;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker.Outputs;

/// <summary>The outputs of an invocation that are properties of what the function returned, by name, taken apart; a feature.</summary>
internal sealed class OutputValues
{
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, object> Values => _values;

    public void Set(string name, object? value)
    {
        if (value is null)
        {
            _values.Remove(name);
            return;
        }

        _values[name] = value;
    }

    /// <summary>
    /// Takes apart what the function returned. From then on the invocation has no result any more, but outputs: a result that a middleware
    /// sets after that is its reply to the request. A second time changes nothing.
    /// </summary>
    public static void Split(FunctionContext context)
    {
        var function = (FunctionDescriptor)context.FunctionDefinition;
        if (function.Outputs is not [{ Property: not null }, ..]
            || context.GetInvocationResult().Value is not { } result
            || !function.Outputs[0].Property!.DeclaringType!.IsInstanceOfType(result))
        {
            return;
        }

        var values = new OutputValues();
        foreach (OutputDescriptor output in function.Outputs)
        {
            values.Set(output.Name, output.Property!.GetValue(result));
        }

        context.Features.Set(values);
        context.GetInvocationResult().Value = null;
    }

    /// <summary>The value of an output; null when there is none.</summary>
    public static object? ValueOf(OutputDescriptor output, FunctionContext context)
    {
        if (output.Property is not null)
        {
            return context.Features.Get<OutputValues>()?.Values.GetValueOrDefault(output.Name);
        }

        // A middleware that answered in the function's place left its reply, not a value to hand on.
        object? result = context.GetInvocationResult().Value;
        return output.IsReply || !IsReply(result) ? result : null;
    }

    /// <summary>What answers the request: what middleware left as the result, else the function's output for it.</summary>
    public static object? ReplyOf(FunctionContext context)
    {
        object? result = context.GetInvocationResult().Value;
        var function = (FunctionDescriptor)context.FunctionDefinition;
        OutputDescriptor? reply = function.Outputs.FirstOrDefault(static o => o.IsReply);
        return reply is { Property: null } || IsReply(result) || (result is not null && function.Outputs is [{ Property: not null }, ..])
            ? result
            : reply is null ? null : ValueOf(reply, context);
    }

    private static bool IsReply([NotNullWhen(true)] object? result) => result is not null && OutputRules.IsReplyType(result.GetType());
}
