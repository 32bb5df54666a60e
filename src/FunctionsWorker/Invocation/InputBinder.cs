using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// Fills the parameters of one invocation: the converters of parameter, type and attribute first, then the registered ones in their order,
/// then the default value. Which converters may serve a parameter is worked out once per function.
/// </summary>
internal sealed class InputBinder(IServiceProvider root, IOptions<WorkerOptions> options)
{
    private readonly ConcurrentDictionary<Type, IInputConverter> _converters = new();
    private readonly ConcurrentDictionary<FunctionDescriptor, ImmutableArray<ImmutableArray<IInputConverter>>> _plans = new();
    private readonly Type[] _registered = [.. options.Value.InputConverters];

    public ValueTask<object?[]> BindAsync(FunctionDescriptor function, FunctionContext context)
    {
        ImmutableArray<ImmutableArray<IInputConverter>> plan = PlanOf(function);
        object?[] values = plan.Length == 0 ? [] : new object?[plan.Length];
        for (int i = 0; i < values.Length; i++)
        {
            ValueTask<object?> value = BindAsync(function, i, plan[i], context);
            if (!value.IsCompletedSuccessfully)
            {
                return RestAsync(value, i, values, function, plan, context);
            }

            values[i] = value.Result;
        }

        return new(values);
    }

    /// <summary>From the first parameter on that has to wait for something, as a body.</summary>
    private static async ValueTask<object?[]> RestAsync(
        ValueTask<object?> value, int index, object?[] values,
        FunctionDescriptor function, ImmutableArray<ImmutableArray<IInputConverter>> plan, FunctionContext context)
    {
        values[index] = await value;
        for (int i = index + 1; i < values.Length; i++)
        {
            values[i] = await BindAsync(function, i, plan[i], context);
        }

        return values;
    }

    /// <summary>One parameter alone.</summary>
    public ValueTask<object?> BindAsync(FunctionDescriptor function, int index, FunctionContext context) =>
        BindAsync(function, index, PlanOf(function)[index], context);

    private static ValueTask<object?> BindAsync(
        FunctionDescriptor function, int index, ImmutableArray<IInputConverter> converters, FunctionContext context)
    {
        ParameterDescriptor parameter = function.Bindings[index];
        Type type = parameter.Parameter.Type;
        if (converters is [InvocationConverter, ..])
        {
            return new(type == typeof(CancellationToken) ? context.CancellationToken : context);
        }

        object? source = parameter.IsTrigger
            ? context is DefaultFunctionContext own ? own.Payload : context.Features.Get<TriggerPayload>()?.Value
            : context.BindingContext.BindingData.GetValueOrDefault(parameter.Parameter.Name);
        return ConvertAsync(function, parameter, converters, new(type, source, context, parameter.Parameter.Properties));
    }

    private static ValueTask<object?> ConvertAsync(
        FunctionDescriptor function,
        ParameterDescriptor parameter,
        ImmutableArray<IInputConverter> converters,
        DefaultConverterContext context)
    {
        for (int i = 0; i < converters.Length; i++)
        {
            ValueTask<ConversionResult> asked = converters[i].ConvertAsync(context);
            if (!asked.IsCompletedSuccessfully)
            {
                return ConvertAsync(asked, i, function, parameter, converters, context);
            }

            if (IsConverted(asked.Result, function, parameter, context, out object? value))
            {
                return new(value);
            }
        }

        return new(WithoutConversion(function, parameter, context));
    }

    /// <summary>From a converter on that does not answer at once.</summary>
    private static async ValueTask<object?> ConvertAsync(
        ValueTask<ConversionResult> asked,
        int index,
        FunctionDescriptor function,
        ParameterDescriptor parameter,
        ImmutableArray<IInputConverter> converters,
        DefaultConverterContext context)
    {
        while (true)
        {
            if (IsConverted(await asked, function, parameter, context, out object? value))
            {
                return value;
            }

            if (++index == converters.Length)
            {
                return WithoutConversion(function, parameter, context);
            }

            asked = converters[index].ConvertAsync(context);
        }
    }

    private static bool IsConverted(
        ConversionResult result, FunctionDescriptor function, ParameterDescriptor parameter, DefaultConverterContext context,
        out object? value)
    {
        value = result.Value;
        return result.Status == ConversionStatus.Failed
            ? throw Fault(function, parameter, context.Source, result.Error)
            : result.Status == ConversionStatus.Succeeded;
    }

    /// <summary>What a parameter is that no converter has filled.</summary>
    private static object? WithoutConversion(FunctionDescriptor function, ParameterDescriptor parameter, DefaultConverterContext context) =>
        parameter.Parameter.HasDefaultValue ? parameter.Parameter.DefaultValue
            : context.Source is null && parameter.Parameter.IsReferenceOrNullableType ? null
            : throw Fault(function, parameter, context.Source, error: null);

    private ImmutableArray<ImmutableArray<IInputConverter>> PlanOf(FunctionDescriptor function) =>
        _plans.TryGetValue(function, out var known) ? known
        : _plans.GetOrAdd(function, f => [.. f.Bindings.Select(parameter => ImmutableArray.CreateRange(TypesFor(parameter)
            .Where(type => MayServe(type, parameter.Parameter.Type))
            .Select(ConverterOf)))]);

    private IEnumerable<Type> TypesFor(ParameterDescriptor parameter) =>
        parameter.Attribute is DurableClientAttribute ? [typeof(DurableClientConverter)]
        : parameter.AllowsFallback ? parameter.Converters.Concat(_registered)
        : parameter.Converters;

    private static bool MayServe(Type converter, Type target)
    {
        var supported = (SupportedTargetTypeAttribute[])converter.GetCustomAttributes(typeof(SupportedTargetTypeAttribute), inherit: true);
        return supported.Length == 0 || supported.Any(s => s.TargetType == target || s.TargetType == Nullable.GetUnderlyingType(target));
    }

    private IInputConverter ConverterOf(Type type) => _converters.GetOrAdd(
        type, t => (IInputConverter)ActivatorUtilities.GetServiceOrCreateInstance(root, t));

    private static FunctionInputConverterException Fault(
        FunctionDescriptor function, ParameterDescriptor parameter, object? source, Exception? error)
    {
        string expected = $"Function '{function.Name}', parameter '{parameter.Parameter.Name}': expected {parameter.Parameter.Type.Name}";
        if (source is null && error is null && function.Trigger is HttpTriggerAttribute && parameter.Attribute is null)
        {
            return new CallerInputException(
                $"{expected} by the name '{parameter.Parameter.Name}' in the route or the query, got nothing.", error);
        }

        // Bytes and text come from whoever called; anything else is the host's own affair.
        return source is string or BinaryData || BytesConverter.BytesOf(source) is not null || error is FormatException
            ? new CallerInputException($"{expected}. {error?.Message ?? "The payload has another form."}", error)
            : new FunctionInputConverterException($"{expected}, got {source?.GetType().Name ?? "nothing"}. {error?.Message}", error);
    }
}
