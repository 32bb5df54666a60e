using System.Text.Json;
using Azure.Core.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>The options that functions meet. Registered before the application's own, so that those have the last word.</summary>
internal static class WorkerDefaults
{
    public static void AddTo(IServiceCollection services)
    {
        services.AddLogging();
        services.Configure<JsonSerializerOptions>(static json => json.PropertyNameCaseInsensitive = true);
        services.AddOptions<WorkerOptions>().PostConfigure<IOptions<JsonSerializerOptions>>(static (options, json) =>
            options.Serializer ??= new DefaultSerializer(json.Value));
    }

    /// <summary>What the application gets that sets no serializer: JSON by its <see cref="JsonSerializerOptions"/>.</summary>
    internal sealed class DefaultSerializer(JsonSerializerOptions json) : JsonObjectSerializer(json)
    {
        public JsonSerializerOptions Json { get; } = json;
    }
}
