using Microsoft.Azure.Functions.Worker.Context.Features;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>Binds the parameters, makes the instance, calls the method, awaits it, keeps the result.</summary>
internal sealed class FunctionExecutor(InputBinder binder, IFunctionActivator activator) : IFunctionExecutor
{
    public async ValueTask ExecuteAsync(FunctionContext context)
    {
        IFunctionInputBindingFeature inputs = context.Features.Get<IFunctionInputBindingFeature>() ?? new InvocationInputs(binder);
        FunctionInputBindingResult bound = await inputs.BindFunctionInputAsync(context);
        object? result = await CallAsync((FunctionDescriptor)context.FunctionDefinition, bound.Values, context);
        if (result is not null)
        {
            context.GetInvocationResult().Value = result;
        }
    }

    /// <summary>Calls the method on an instance made in the scope; an instance that can be disposed is.</summary>
    public async Task<object?> CallAsync(FunctionDescriptor function, object?[] arguments, FunctionContext context)
    {
        object? instance = function.Method.IsStatic ? null : activator.CreateInstance(function.Method.DeclaringType!, context);
        try
        {
            return await function.Call(instance, arguments);
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
}
