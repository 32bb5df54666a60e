using System.Collections.Immutable;
using Microsoft.Azure.Functions.Worker.Context.Features;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Outputs;

namespace Microsoft.Azure.Functions.Worker;

public static class FunctionContextBindingFeatureExtensions
{
    /// <summary>Binds one parameter, if it is not bound yet; the function then gets the value as it is here.</summary>
    /// <param name="bindingMetadata">One of the function's <see cref="FunctionDefinition.InputBindings"/>.</param>
    /// <exception cref="InvalidOperationException">The function has no such binding, or its value is not a
    /// <typeparamref name="T"/>.</exception>
    /// <exception cref="FunctionInputConverterException">The parameter could not be filled.</exception>
    public static async ValueTask<InputBindingData<T>> BindInputAsync<T>(this FunctionContext context, BindingMetadata bindingMetadata)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(bindingMetadata);
        ImmutableArray<FunctionParameter> parameters = context.FunctionDefinition.Parameters;
        int index = parameters.ToList().FindIndex(p => p.Name == bindingMetadata.Name);
        if (index < 0 || context.Features.Get<IFunctionInputBindingFeature>() is not InvocationInputs inputs)
        {
            throw new InvalidOperationException(
                $"Function '{context.FunctionDefinition.Name}' has no input binding '{bindingMetadata.Name}' to bind.");
        }

        object? value = await inputs.BindAsync(index, context);
        return value is T or null
            ? new BoundInput<T>(inputs, index, bindingMetadata)
            : throw new InvalidOperationException(
                $"Input binding '{bindingMetadata.Name}' is a {value.GetType()}, expected {typeof(T)}.");
    }

    /// <summary>
    /// The outputs that are properties of what the function returned, of type <typeparamref name="T"/> and not null; after the function has
    /// run. What the method as a whole returned is <see cref="GetInvocationResult(FunctionContext)"/>.
    /// </summary>
    public static IEnumerable<OutputBindingData<T>> GetOutputBindings<T>(this FunctionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        OutputValues.Split(context);
        return context.Features.Get<OutputValues>() is { } values
            ? [.. ((FunctionDescriptor)context.FunctionDefinition).Outputs
                .Where(o => values.Values.GetValueOrDefault(o.Name) is T)
                .Select(o => new Output<T>(values, o))]
            : [];
    }

    /// <summary>The result so far; null before the function has run.</summary>
    public static InvocationResult GetInvocationResult(this FunctionContext context) => ResultOf(context);

    /// <inheritdoc cref="GetInvocationResult(FunctionContext)"/>
    /// <exception cref="InvalidOperationException">The result is not a <typeparamref name="T"/>.</exception>
    public static InvocationResult<T> GetInvocationResult<T>(this FunctionContext context) =>
        new TypedInvocationResult<T>(ResultOf(context));

    private static InvocationResult ResultOf(FunctionContext context)
    {
        if (context is DefaultFunctionContext own)
        {
            return own.Result;
        }

        ResultFeature? result = context.Features.Get<ResultFeature>();
        if (result is null)
        {
            result = new ResultFeature();
            context.Features.Set(result);
        }

        return result;
    }

    private sealed class TypedInvocationResult<T>(InvocationResult feature) : InvocationResult<T>
    {
        public override T? Value
        {
            get => feature.Value switch
            {
                null => default,
                T value => value,
                object other => throw new InvalidOperationException(
                    $"The result of this invocation is a {other.GetType()}, expected {typeof(T)}."),
            };
            set => feature.Value = value;
        }
    }

    private sealed class BoundInput<T>(InvocationInputs inputs, int index, BindingMetadata metadata) : InputBindingData<T>
    {
        public override BindingMetadata BindingMetadata { get; } = metadata;

        public override T? Value
        {
            get => (T?)inputs.Get(index);
            set => inputs.Set(index, value);
        }
    }

    private sealed class Output<T>(OutputValues values, OutputDescriptor output) : OutputBindingData<T>
    {
        public override string BindingType => output.TypeName;

        public override string Name => output.Name;

        public override T? Value
        {
            get => values.Values.TryGetValue(output.Name, out object? value) ? (T)value : default;
            set => values.Set(output.Name, value);
        }
    }
}
