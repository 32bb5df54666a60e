namespace Microsoft.Azure.Functions.Worker.Converters;

public enum ConversionStatus
{
    Unhandled = 0,
    Succeeded = 1,
    Failed = 2,
}

/// <summary>The verdict of an <see cref="IInputConverter"/>: not mine, done, or mine but impossible.</summary>
public readonly struct ConversionResult
{
    private ConversionResult(ConversionStatus status, object? value, Exception? error)
    {
        Status = status;
        Value = value;
        Error = error;
    }

    public ConversionStatus Status { get; }

    public object? Value { get; }

    public Exception? Error { get; }

    public static ConversionResult Unhandled() => default;

    public static ConversionResult Success(object? value) => new(ConversionStatus.Succeeded, value, error: null);

    public static ConversionResult Failed(Exception exception) => new(ConversionStatus.Failed, value: null, exception);
}

/// <summary>What a converter gets to see of one parameter.</summary>
public abstract class ConverterContext
{
    public abstract Type TargetType { get; }

    /// <summary>The trigger's payload, or the binding datum of the parameter's name; null when there is none.</summary>
    public abstract object? Source { get; }

    public abstract FunctionContext FunctionContext { get; }

    public abstract IReadOnlyDictionary<string, object> Properties { get; }
}

/// <summary>Turns a payload into a parameter. Converters are asked in the order of <see cref="WorkerOptions.InputConverters"/>.</summary>
public interface IInputConverter
{
    ValueTask<ConversionResult> ConvertAsync(ConverterContext context);
}

/// <summary>Names the converter of a parameter, of its type, or of its binding attribute; it is asked before the registered ones.</summary>
[AttributeUsage(
    AttributeTargets.Parameter | AttributeTargets.Class | AttributeTargets.Interface | AttributeTargets.Enum | AttributeTargets.Struct,
    AllowMultiple = true)]
public class InputConverterAttribute(Type converterType) : Attribute
{
    public Type ConverterType { get; } = converterType;
}

internal sealed class DefaultConverterContext(
    Type targetType, object? source, FunctionContext functionContext, IReadOnlyDictionary<string, object> properties) : ConverterContext
{
    public override Type TargetType { get; } = targetType;

    public override object? Source { get; } = source;

    public override FunctionContext FunctionContext { get; } = functionContext;

    public override IReadOnlyDictionary<string, object> Properties { get; } = properties;
}
