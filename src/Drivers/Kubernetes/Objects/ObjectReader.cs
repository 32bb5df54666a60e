using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Transport;

namespace Heal.Drivers.Kubernetes.Objects;

/// <summary>Makes calls that answer with one object.</summary>
internal sealed class ObjectReader(ApiTransport transport)
{
    public Task<T> CallAsync<T>(ApiResource resource, ApiCall call, CancellationToken cancellationToken) where T : KubernetesObject =>
        transport.CallAsync(call, async (stream, token) =>
        {
            var value = await JsonSerializer.DeserializeAsync<T>(Limited(stream), KubernetesJson.Options, token);
            // What a create asks of the server rather than stores has no name: the Status of an eviction, an access review.
            var isNameless = call.Verb == "create" && value is { Metadata: not null }
                && (value.Kind == "Status" || value.Kind?.EndsWith("Review", StringComparison.Ordinal) == true);
            if (value is null || (string.IsNullOrEmpty(value.Metadata?.Name) && !isNameless))
                throw new JsonException(
                    $"Expected a {resource.Kind} with metadata.name, got another document. Is this a Kubernetes API server?");
            value.FillType(resource);
            return value;
        }, cancellationToken);

    public LimitedStream Limited(Stream stream) => new(stream, new ByteBudget(transport.Options.MaxResponseBytes));

    /// <summary>For answers whose content does not matter. It need not be read: the connection is given up if much is left.</summary>
    public static Task<bool> DrainAsync(Stream stream, CancellationToken cancellationToken) => Task.FromResult(true);
}
