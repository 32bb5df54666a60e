using System.Text.Json;
using Azure.Core.Serialization;
using Microsoft.Azure.Functions.Worker.Converters;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>How payloads are read and results written.</summary>
public class WorkerOptions
{
    internal static readonly ObjectSerializer DefaultSerializer =
        new JsonObjectSerializer(new JsonSerializerOptions { PropertyNameCaseInsensitive = true });

    public WorkerOptions()
    {
        InputConverters.Register<InvocationConverter>();
        InputConverters.Register<HttpRequestConverter>();
        InputConverters.Register<AssignableConverter>();
        InputConverters.Register<ScalarConverter>();
        InputConverters.Register<BytesConverter>();
        InputConverters.Register<Http.RequestBodyConverter>();
        InputConverters.Register<JsonConverter>();
    }

    /// <summary>JSON by default: property names as declared when writing, in any letter case when reading.</summary>
    public ObjectSerializer? Serializer { get; set; } = DefaultSerializer;

    public InputConverterCollection InputConverters { get; } = new();

    public IDictionary<string, string> Capabilities { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
