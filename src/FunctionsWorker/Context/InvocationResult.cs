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

/// <summary>An output of an invocation as middleware sees and may replace it.</summary>
public abstract class OutputBindingData<T>
{
    /// <summary>For example <c>queue</c> or <c>http</c>.</summary>
    public abstract string BindingType { get; }

    public abstract string Name { get; }

    /// <summary>Null hands nothing on.</summary>
    public abstract T? Value { get; set; }
}

/// <summary>A parameter of an invocation, bound before the function runs. What a middleware sets here is what the function gets.</summary>
public abstract class InputBindingData<T>
{
    public abstract BindingMetadata BindingMetadata { get; }

    public abstract T? Value { get; set; }
}
