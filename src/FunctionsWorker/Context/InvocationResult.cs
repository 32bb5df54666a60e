namespace Microsoft.Azure.Functions.Worker;

/// <summary>The result of an invocation as middleware sees and may replace it.</summary>
public abstract class InvocationResult<T>
{
    public abstract T? Value { get; set; }
}

/// <inheritdoc cref="InvocationResult{T}"/>
public abstract class InvocationResult : InvocationResult<object>
{
}

public static class FunctionContextBindingFeatureExtensions
{
    /// <summary>The result so far; null before the function has run.</summary>
    public static InvocationResult GetInvocationResult(this FunctionContext context) => new UntypedInvocationResult(ResultOf(context));

    /// <inheritdoc cref="GetInvocationResult(FunctionContext)"/>
    /// <exception cref="InvalidOperationException">The result is not a <typeparamref name="T"/>.</exception>
    public static InvocationResult<T> GetInvocationResult<T>(this FunctionContext context) =>
        new TypedInvocationResult<T>(ResultOf(context));

    private static ResultFeature ResultOf(FunctionContext context)
    {
        ResultFeature? result = context.Features.Get<ResultFeature>();
        if (result is null)
        {
            result = new ResultFeature();
            context.Features.Set(result);
        }

        return result;
    }

    private sealed class ResultFeature
    {
        public object? Value { get; set; }
    }

    private sealed class UntypedInvocationResult(ResultFeature feature) : InvocationResult
    {
        public override object? Value
        {
            get => feature.Value;
            set => feature.Value = value;
        }
    }

    private sealed class TypedInvocationResult<T>(ResultFeature feature) : InvocationResult<T>
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
}
