using Azure.Core.Serialization;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Converters;

/// <summary>A payload's bytes in each of their forms: <see cref="BinaryData"/>, string, byte array, memory, stream.</summary>
[SupportedTargetType(typeof(string))]
[SupportedTargetType(typeof(BinaryData))]
[SupportedTargetType(typeof(byte[]))]
[SupportedTargetType(typeof(ReadOnlyMemory<byte>))]
[SupportedTargetType(typeof(Stream))]
internal sealed class BytesConverter : IInputConverter
{
    public ValueTask<ConversionResult> ConvertAsync(ConverterContext context)
    {
        BinaryData? bytes = BytesOf(context.Source);
        return ValueTask.FromResult(
            bytes is null ? ConversionResult.Unhandled()
            : context.TargetType == typeof(string) ? ConversionResult.Success(bytes.ToString())
            : context.TargetType == typeof(BinaryData) ? ConversionResult.Success(bytes)
            : context.TargetType == typeof(byte[]) ? ConversionResult.Success(bytes.ToArray())
            : context.TargetType == typeof(ReadOnlyMemory<byte>) ? ConversionResult.Success(bytes.ToMemory())
            : context.TargetType == typeof(Stream) ? ConversionResult.Success(bytes.ToStream())
            : ConversionResult.Unhandled());
    }

    internal static BinaryData? BytesOf(object? source) => source switch
    {
        BinaryData data => data,
        string text => BinaryData.FromString(text),
        QueueMessage message => message.Body,
        TimerInfo timer => BinaryData.FromObjectAsJson(timer),
        _ => null,
    };
}

/// <summary>The last resort: the payload is JSON of the parameter's type, read by <see cref="WorkerOptions.Serializer"/>.</summary>
internal sealed class JsonConverter(IOptions<WorkerOptions> options) : IInputConverter
{
    private readonly ObjectSerializer _serializer = options.Value.Serializer!;

    public async ValueTask<ConversionResult> ConvertAsync(ConverterContext context)
    {
        if (BytesConverter.BytesOf(context.Source) is not { } bytes)
        {
            return ConversionResult.Unhandled();
        }

        try
        {
            using Stream stream = bytes.ToStream();
            object? value = await _serializer.DeserializeAsync(stream, context.TargetType, context.FunctionContext.CancellationToken);
            return ConversionResult.Success(value);
        }
        catch (Exception exception) when (ReadFaults.IsOfText(exception, _serializer))
        {
            return ConversionResult.Failed(new FormatException(
                $"The payload is not JSON of a {context.TargetType.Name}: {exception.Message}", exception));
        }
    }
}
