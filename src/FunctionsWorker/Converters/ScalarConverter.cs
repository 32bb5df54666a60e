using System.Collections.Concurrent;
using System.ComponentModel;
using System.Globalization;
using Azure.Storage.Queues.Models;

namespace Microsoft.Azure.Functions.Worker.Converters;

/// <summary>Text to numbers, dates, enums, ids and the like, and numbers to text; invariant culture.</summary>
internal sealed class ScalarConverter : IInputConverter
{
    private static readonly ConcurrentDictionary<Type, TypeConverter> Converters = new();

    public ValueTask<ConversionResult> ConvertAsync(ConverterContext context)
    {
        Type target = Nullable.GetUnderlyingType(context.TargetType) ?? context.TargetType;
        if (context.Source is null || context.Source is BinaryData)
        {
            return ValueTask.FromResult(ConversionResult.Unhandled());
        }

        if (target.IsInstanceOfType(context.Source))
        {
            return ValueTask.FromResult(ConversionResult.Success(context.Source));
        }

        if (context.Source is QueueMessage message)
        {
            return ValueTask.FromResult(OfMessage(target, message));
        }

        if (target == typeof(string) && context.Source is IFormattable formattable)
        {
            return ValueTask.FromResult(ConversionResult.Success(formattable.ToString(format: null, CultureInfo.InvariantCulture)));
        }

        return ValueTask.FromResult(
            context.Source is string text && IsScalar(target) ? Parse(target, text)
            : context.Source is DateTimeOffset time && target == typeof(DateTime) ? ConversionResult.Success(time.UtcDateTime)
            : context.Source.GetType().IsPrimitive && (target.IsPrimitive || target == typeof(decimal)) ? Change(target, context.Source)
            : ConversionResult.Unhandled());
    }

    internal static bool IsScalar(Type type) =>
        type.IsPrimitive || type.IsEnum || type == typeof(decimal) || type == typeof(Guid) || type == typeof(DateTime)
        || type == typeof(DateTimeOffset) || type == typeof(TimeSpan) || type == typeof(Uri) || type == typeof(DateOnly)
        || type == typeof(TimeOnly);

    /// <summary>An id or a time is what a message says without quotes; with them it is JSON, as all else is. So is a message that says
    /// nothing, which .NET would take for the year 1.</summary>
    private static ConversionResult OfMessage(Type target, QueueMessage message)
    {
        string text = message.Body.ToString();
        if (string.IsNullOrWhiteSpace(text))
        {
            return ConversionResult.Unhandled();
        }

        if (target == typeof(DateTime))
        {
            // As JSON has it, so that quotes do not change the moment on a machine with another time zone.
            return DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out DateTime time)
                ? ConversionResult.Success(time)
                : ConversionResult.Unhandled();
        }

        return (target == typeof(Guid) || target == typeof(DateTimeOffset))
            && Parse(target, text) is { Status: ConversionStatus.Succeeded } parsed
                ? parsed
                : ConversionResult.Unhandled();
    }

    private static ConversionResult Change(Type target, object number)
    {
        try
        {
            return ConversionResult.Success(Convert.ChangeType(number, target, CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is OverflowException or InvalidCastException)
        {
            return ConversionResult.Failed(new FormatException($"{number} is not a {target.Name}.", exception));
        }
    }

    private static ConversionResult Parse(Type target, string text)
    {
        try
        {
            return ConversionResult.Success(Converters.GetOrAdd(target, TypeDescriptor.GetConverter).ConvertFromInvariantString(text));
        }
        // TypeConverter wraps whatever the parser threw, in more than one exception type.
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return ConversionResult.Failed(new FormatException($"'{Shown(text)}' is not a {target.Name}.", exception));
        }
    }

    // Comes from outside and goes to logs and replies: short and on one line.
    private static string Shown(string text) =>
        string.Concat(text.Take(60).Select(c => char.IsControl(c) ? '?' : c)) + (text.Length > 60 ? "..." : "");
}
