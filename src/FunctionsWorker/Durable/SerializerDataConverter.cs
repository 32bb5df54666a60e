using System.Text.Json;
using Azure.Core.Serialization;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Converters;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// Durable payloads by <see cref="WorkerOptions.Serializer"/>, as everything else that a function takes and gives. The default one reads
/// property names in any letter case; for durable payloads it takes fields too, which tuples consist of.
/// </summary>
internal sealed class SerializerDataConverter(ObjectSerializer serializer) : DataConverter
{
    public static DataConverter Of(WorkerOptions options) => options.Serializer switch
    {
        WorkerDefaults.DefaultSerializer own => new JsonDataConverter(new JsonSerializerOptions(own.Json) { IncludeFields = true }),
        { } chosen => new SerializerDataConverter(chosen),
        null => JsonDataConverter.Default,
    };

    public override string? Serialize(object? value) => value switch
    {
        null => null,
        // JSON already, from the management API: another serializer would write the properties of the CLR type.
        JsonElement json => json.GetRawText(),
        _ when IsOwn(value.GetType()) => JsonDataConverter.Default.Serialize(value),
        _ => serializer.Serialize(value, value.GetType(), CancellationToken.None).ToString(),
    };

    public override object? Deserialize(string? data, Type targetType) =>
        data is null ? null
        : IsOwn(targetType) ? JsonDataConverter.Default.Deserialize(data, targetType)
        : serializer.Deserialize(new BinaryData(data).ToStream(), targetType, CancellationToken.None);

    // Their JSON is fixed by attributes that only System.Text.Json heeds.
    private static bool IsOwn(Type type) => type == typeof(DurableHttpRequest) || type == typeof(DurableHttpResponse);
}
