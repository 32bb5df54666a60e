using System.Collections.Concurrent;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>Fills the parameters of one invocation: own converter first, then the registered ones in their order, then the default
/// value.</summary>
internal sealed class InputBinder(IServiceProvider root, IOptions<WorkerOptions> options)
{
    private static readonly Type[] ClientConverter = [typeof(DurableClientConverter)];

    private readonly ConcurrentDictionary<Type, IInputConverter> _converters = new();
    private readonly Type[] _registered = [.. options.Value.InputConverters];

    public async ValueTask<object?[]> BindAsync(FunctionDescriptor function, FunctionContext context)
    {
        object? payload = context.Features.Get<TriggerPayload>()?.Value;
        object?[] values = new object?[function.Bindings.Length];
        for (int i = 0; i < values.Length; i++)
        {
            ParameterDescriptor parameter = function.Bindings[i];
            object? source = parameter.IsTrigger ? payload : context.BindingContext.BindingData.GetValueOrDefault(parameter.Parameter.Name);
            values[i] = await BindAsync(function, parameter, source, context);
        }

        return values;
    }

    private async ValueTask<object?> BindAsync(
        FunctionDescriptor function, ParameterDescriptor parameter, object? source, FunctionContext context)
    {
        var converterContext = new DefaultConverterContext(parameter.Parameter.Type, source, context, parameter.Parameter.Properties);
        foreach (Type type in ConvertersFor(parameter))
        {
            ConversionResult result = await ConverterOf(type).ConvertAsync(converterContext);
            if (result.Status == ConversionStatus.Succeeded)
            {
                return result.Value;
            }

            if (result.Status == ConversionStatus.Failed)
            {
                throw Fault(function, parameter, source, result.Error);
            }
        }

        return parameter.Parameter.HasDefaultValue ? parameter.Parameter.DefaultValue
            : source is null && parameter.Parameter.IsReferenceOrNullableType ? null
            : throw Fault(function, parameter, source, error: null);
    }

    private Type[] ConvertersFor(ParameterDescriptor parameter) =>
        parameter.ConverterType is { } own ? [own]
        : parameter.Attribute is DurableClientAttribute ? ClientConverter
        : _registered;

    private IInputConverter ConverterOf(Type type) => _converters.GetOrAdd(
        type, t => (IInputConverter)ActivatorUtilities.GetServiceOrCreateInstance(root, t));

    private static FunctionInputConverterException Fault(
        FunctionDescriptor function, ParameterDescriptor parameter, object? source, Exception? error)
    {
        string expected = $"Function '{function.Name}', parameter '{parameter.Parameter.Name}': expected {parameter.Parameter.Type.Name}";
        // Bytes and text come from whoever called; anything else is the host's own affair.
        return source is string or BinaryData || BytesConverter.BytesOf(source) is not null || error is FormatException
            ? new CallerInputException($"{expected}. {error?.Message ?? "The payload has another form."}", error)
            : new FunctionInputConverterException($"{expected}, got {source?.GetType().Name ?? "nothing"}. {error?.Message}", error);
    }
}
