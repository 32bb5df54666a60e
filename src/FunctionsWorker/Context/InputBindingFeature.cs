namespace Microsoft.Azure.Functions.Worker.Context.Features;

/// <summary>The values of a function's parameters, in their order.</summary>
public class FunctionInputBindingResult(object?[] values)
{
    public object?[] Values { get; } = values;
}

/// <summary>Binds the parameters of an invocation. A middleware may set another on <see cref="FunctionContext.Features"/>.</summary>
public interface IFunctionInputBindingFeature
{
    /// <exception cref="FunctionInputConverterException">A parameter could not be filled.</exception>
    ValueTask<FunctionInputBindingResult> BindFunctionInputAsync(FunctionContext context);
}
