using System.Net;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

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
        ArgumentNullException.ThrowIfNull(request);
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

    /// <summary>
    /// Waits for the end of an instance and answers with it: 200, or 500 for a failed one where that is asked for. When the token is
    /// cancelled first, or the host stops, the answer is that of <see cref="CreateCheckStatusResponseAsync(DurableTaskClient,
    /// HttpRequestData, string, CancellationToken)"/>. An instance that there is not (yet) is waited for as well.
    /// </summary>
    /// <param name="client">The client of the instance's hub.</param>
    /// <param name="request">The request to answer.</param>
    /// <param name="instanceId">The instance.</param>
    /// <param name="retryInterval">Between two looks at the instance. Default: 1 s.</param>
    /// <param name="returnInternalServerErrorOnFailure">Whether a failed instance is a 500.</param>
    /// <param name="getInputsAndOutputs">Whether input, output and custom status are in the answer.</param>
    /// <param name="cancellation">Ends the wait, not the instance.</param>
    public static async Task<HttpResponseData> WaitForCompletionOrCreateCheckStatusResponseAsync(
        this DurableTaskClient client,
        HttpRequestData request,
        string instanceId,
        TimeSpan? retryInterval = null,
        bool returnInternalServerErrorOnFailure = false,
        bool getInputsAndOutputs = false,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        TimeSpan interval = retryInterval ?? TimeSpan.FromSeconds(1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero, nameof(retryInterval));
        IServiceProvider? services = request.FunctionContext?.InstanceServices;
        TimeProvider time = services?.GetService<TimeProvider>() ?? TimeProvider.System;
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(
            cancellation, services?.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? default);
        OrchestrationMetadata ended;
        try
        {
            ended = await EndAsync(client, instanceId, getInputsAndOutputs, interval, time, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            return await client.CreateCheckStatusResponseAsync(request, instanceId, CancellationToken.None);
        }

        bool isError = returnInternalServerErrorOnFailure && ended.RuntimeStatus == OrchestrationRuntimeStatus.Failed;
        HttpResponseData response = request.CreateResponse(isError ? HttpStatusCode.InternalServerError : HttpStatusCode.OK);
        await response.WriteAsJsonAsync(EndedInstance.Of(ended), "application/json", cancellation);
        return response;
    }

    /// <summary>The management addresses of an instance, as seen from the request, or else from the host itself.</summary>
    /// <exception cref="InvalidOperationException">There is no request, and the client was not bound by <c>[DurableClient]</c>.</exception>
    public static HttpManagementPayload CreateHttpManagementPayload(
        this DurableTaskClient client, string instanceId, HttpRequestData? request = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        ManagementLinks? links = request?.FunctionContext?.InstanceServices?.GetService<ManagementLinks>() ?? ManagementLinks.Of(client);
        string? authority = request is null ? null : ManagementLinks.AuthorityOf(request);
        return links?.For(instanceId, authority)
            // A test of a function has a request and no host: the addresses are those without hub and key.
            ?? (authority is not null ? ManagementLinks.Build(authority, instanceId, query: "") : null)
            ?? throw new InvalidOperationException(
                "Failed to create HTTP management payload: the client does not belong to a function host. "
                + "Bind it with [DurableClient], or give the request.");
    }

    private static async Task<OrchestrationMetadata> EndAsync(
        DurableTaskClient client,
        string instanceId,
        bool withPayloads,
        TimeSpan interval,
        TimeProvider time,
        CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (await client.GetInstanceAsync(instanceId, withPayloads, cancellation) is { IsCompleted: true } instance)
            {
                return instance;
            }

            await Task.Delay(interval, time, cancellation);
        }
    }

    /// <summary>The answer about an instance that has ended; the names are those of the official package.</summary>
    private sealed record EndedInstance(
        string Name,
        string InstanceId,
        DateTimeOffset CreatedAt,
        DateTimeOffset LastUpdatedAt,
        string RuntimeStatus,
        string? SerializedInput,
        string? SerializedOutput,
        string? SerializedCustomStatus)
    {
        public static EndedInstance Of(OrchestrationMetadata instance) => new(
            instance.Name,
            instance.InstanceId,
            instance.CreatedAt,
            instance.LastUpdatedAt,
            instance.RuntimeStatus.ToString(),
            instance.SerializedInput,
            instance.SerializedOutput,
            instance.SerializedCustomStatus);
    }
}
