using System.Net;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker;

public static class DurableTaskClientExtensions
{
    /// <summary>202 with the management addresses of the instance as the body and its status address as <c>Location</c>.</summary>
    public static Task<HttpResponseData> CreateCheckStatusResponseAsync(
        this DurableTaskClient client, HttpRequestData request, string instanceId, CancellationToken cancellation = default) =>
        client.CreateCheckStatusResponseAsync(request, instanceId, HttpStatusCode.Accepted, cancellation);

    /// <inheritdoc cref="CreateCheckStatusResponseAsync(DurableTaskClient, HttpRequestData, string, CancellationToken)"/>
    public static async Task<HttpResponseData> CreateCheckStatusResponseAsync(
        this DurableTaskClient client,
        HttpRequestData request,
        string instanceId,
        HttpStatusCode statusCode,
        CancellationToken cancellation = default)
    {
        HttpManagementPayload payload = client.CreateHttpManagementPayload(instanceId, request);
        HttpResponseData response = request.CreateResponse(statusCode);
        response.Headers.TryAddWithoutValidation("Location", payload.StatusQueryGetUri);
        await response.WriteAsJsonAsync(payload, "application/json", cancellation);
        return response;
    }

    /// <inheritdoc cref="CreateCheckStatusResponseAsync(DurableTaskClient, HttpRequestData, string, CancellationToken)"/>
    public static HttpResponseData CreateCheckStatusResponse(
        this DurableTaskClient client, HttpRequestData request, string instanceId, CancellationToken cancellation = default) =>
        client.CreateCheckStatusResponse(request, instanceId, HttpStatusCode.Accepted, cancellation);

    /// <inheritdoc cref="CreateCheckStatusResponseAsync(DurableTaskClient, HttpRequestData, string, CancellationToken)"/>
    public static HttpResponseData CreateCheckStatusResponse(
        this DurableTaskClient client,
        HttpRequestData request,
        string instanceId,
        HttpStatusCode statusCode,
        CancellationToken cancellation = default) =>
        // The body goes to memory: nothing is waited for.
        client.CreateCheckStatusResponseAsync(request, instanceId, statusCode, cancellation).GetAwaiter().GetResult();

    /// <summary>The management addresses of an instance, as seen from the request, or else from the host itself.</summary>
    /// <exception cref="InvalidOperationException">There is no request, and the client was not bound by <c>[DurableClient]</c>.</exception>
    public static HttpManagementPayload CreateHttpManagementPayload(
        this DurableTaskClient client, string instanceId, HttpRequestData? request = null)
    {
        ManagementLinks links = request?.FunctionContext.InstanceServices.GetRequiredService<ManagementLinks>()
            ?? ManagementLinks.Of(client)
            ?? throw new InvalidOperationException(
                "The client does not belong to a function host: bind it with [DurableClient], or give the request.");
        return links.For(instanceId, request?.Url.GetLeftPart(UriPartial.Authority));
    }
}
