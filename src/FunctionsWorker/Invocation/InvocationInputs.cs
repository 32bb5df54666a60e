using Microsoft.Azure.Functions.Worker.Context.Features;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>The parameters of one invocation: each bound once, by a middleware that asks for it or else before the function runs.</summary>
internal sealed class InvocationInputs(InputBinder binder) : IFunctionInputBindingFeature
{
    private object?[]? _values;

    // Null when all were bound at once, as they are without a middleware that asks.
    private bool[]? _bound;

    public async ValueTask<FunctionInputBindingResult> BindFunctionInputAsync(FunctionContext context) => new(await BindAsync(context));

    /// <summary>Binds all that are not bound yet.</summary>
    public ValueTask<object?[]> BindAsync(FunctionContext context)
    {
        if (_bound is not null)
        {
            return BindOthersAsync(context);
        }

        if (_values is not null)
        {
            return new(_values);
        }

        ValueTask<object?[]> all = binder.BindAsync((FunctionDescriptor)context.FunctionDefinition, context);
        return all.IsCompletedSuccessfully ? new(_values = all.Result) : KeepAsync(all);
    }

    private async ValueTask<object?[]> KeepAsync(ValueTask<object?[]> all) => _values = await all;

    private async ValueTask<object?[]> BindOthersAsync(FunctionContext context)
    {
        for (int i = 0; i < _values!.Length; i++)
        {
            await BindAsync(i, context);
        }

        return _values;
    }

    /// <summary>Binds one parameter before the others.</summary>
    public async ValueTask<object?> BindAsync(int index, FunctionContext context)
    {
        var function = (FunctionDescriptor)context.FunctionDefinition;
        if (_bound is null && _values is not null)
        {
            return _values[index];
        }

        _values ??= new object?[function.Bindings.Length];
        _bound ??= new bool[_values.Length];
        if (!_bound[index])
        {
            _values[index] = await binder.BindAsync(function, index, context);
            _bound[index] = true;
        }

        return _values[index];
    }

    public object? Get(int index) => _values![index];

    /// <summary>The function gets this value.</summary>
    public void Set(int index, object? value) => _values![index] = value;
}
