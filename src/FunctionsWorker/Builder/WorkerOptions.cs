using Azure.Core.Serialization;
using Microsoft.Azure.Functions.Worker.Converters;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>How payloads are read and results written.</summary>
public class WorkerOptions
{
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

    /// <summary>
    /// Null until the host has built its options; then JSON by the application's JsonSerializerOptions. Their default: property names as
    /// declared when writing, in any letter case when reading.
    /// </summary>
    public ObjectSerializer? Serializer { get; set; }

    /// <summary>The converters of parameters in the order in which they are asked.</summary>
    public InputConverterCollection InputConverters { get; } = new();

    /// <summary>What a worker tells a host about itself. Here both are one process: kept for the application, read by nobody.</summary>
    public IDictionary<string, string> Capabilities { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether what a function throws is handed on as it is. This host always does; the value changes nothing.</summary>
    public bool EnableUserCodeException { get; set; } = true;

    /// <summary>Whether empty entries travel between host and worker. Here both are one process; the value changes nothing.</summary>
    public bool IncludeEmptyEntriesInMessagePayload { get; set; }
}
