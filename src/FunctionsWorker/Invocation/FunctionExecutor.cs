using Microsoft.Azure.Functions.Worker.Context.Features;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>Binds the parameters, makes the instance, calls the method, awaits it, keeps the result.</summary>
internal sealed class FunctionExecutor(InputBinder binder, IFunctionActivator activator) : IFunctionExecutor
{
    public async ValueTask ExecuteAsync(FunctionContext context)
    {
        IFunctionInputBindingFeature? inputs = context is DefaultFunctionContext known
            ? known.Inputs
            : context.Features.Get<IFunctionInputBindingFeature>();
        object?[] arguments = inputs is null or InvocationInputs
            ? await ((InvocationInputs?)inputs ?? new(binder)).BindAsync(context)
            : (await inputs.BindFunctionInputAsync(context)).Values;
        object? result = await CallAsync((FunctionDescriptor)context.FunctionDefinition, arguments, context);
        if (result is not null)
        {
            context.GetInvocationResult().Value = result;
        }
    }

    /// <summary>Calls the method on an instance made in the scope; an instance that can be disposed is.</summary>
    public ValueTask<object?> CallAsync(FunctionDescriptor function, object?[] arguments, FunctionContext context) =>
        function.Method.IsStatic
            ? function.Call(null, arguments)
            : CallAsync(function, activator.CreateInstance(function.Method.DeclaringType!, context), arguments);

    private static async ValueTask<object?> CallAsync(FunctionDescriptor function, object? instance, object?[] arguments)
    {
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
