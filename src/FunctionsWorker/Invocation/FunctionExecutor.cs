using System.Reflection;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>The end of the pipeline: binds the parameters, makes the instance, calls the method, awaits it, keeps the result.</summary>
internal sealed class FunctionExecutor(InputBinder binder)
{
    public async Task ExecuteAsync(FunctionContext context)
    {
        var function = (FunctionDescriptor)context.FunctionDefinition;
        object?[] arguments = await binder.BindAsync(function, context);
        object? result = await CallAsync(function, arguments, context.InstanceServices);
        if (result is not null)
        {
            context.GetInvocationResult().Value = result;
        }
    }

    /// <summary>Calls the method on an instance made in the scope; an instance that can be disposed is.</summary>
    internal static async Task<object?> CallAsync(FunctionDescriptor function, object?[] arguments, IServiceProvider services)
    {
        object? instance = function.Method.IsStatic
            ? null
            : ActivatorUtilities.CreateInstance(services, function.Method.DeclaringType!);
        try
        {
            return await AwaitAsync(function.Method.Invoke(instance, BindingFlags.DoNotWrapExceptions, binder: null, arguments,
                culture: null));
        }
        finally
        {
            if (instance is IAsyncDisposable asyncDisposable)
            {
                await asyncDisposable.DisposeAsync();
            }
            else
            {
                (instance as IDisposable)?.Dispose();
            }
        }
    }

    private static async Task<object?> AwaitAsync(object? returned)
    {
        Task? task = returned switch
        {
            Task t => t,
            ValueTask t => t.AsTask(),
            not null when returned.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ValueTask<>) =>
                (Task)type.GetMethod(nameof(ValueTask<int>.AsTask))!.Invoke(returned, parameters: null)!,
            _ => null,
        };
        if (task is null)
        {
            return returned;
        }

        // The orchestrator's turns run on their own scheduler: stay on it.
        await task;
        return ResultOf(task);
    }

    private static object? ResultOf(Task task)
    {
        for (Type? type = task.GetType(); type is not null; type = type.BaseType)
        {
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>))
            {
                object? result = type.GetProperty(nameof(Task<int>.Result))!.GetValue(task);
                return result?.GetType().FullName == "System.Threading.Tasks.VoidTaskResult" ? null : result;
            }
        }

        return null;
    }
}
