using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>
/// The part of the management API that steers an instance: 202 when it is there and has not ended, 404 and 410 else. The reply says that
/// the hub has stored the order, not that it was carried out.
/// </summary>
internal sealed class OperationsApi(DurableTaskClient client)
{
    public async Task RaiseEventAsync(HttpContext http)
    {
        if (await LiveAsync(http) is not { } id)
        {
            return;
        }

        if (!ManagementQuery.IsJson(http))
        {
            throw new BadHttpRequestException("Only application/json request content is supported.");
        }

        JsonElement? payload = await ManagementQuery.JsonBodyAsync(http);
        await client.RaiseEventAsync(id, ManagementQuery.Route(http, "eventName")!, payload, http.RequestAborted);
        ManagementReplies.Accepted(http);
    }

    public Task TerminateAsync(HttpContext http) => WhenLiveAsync(http, (id, reason) =>
        client.TerminateInstanceAsync(id, (object?)reason, http.RequestAborted));

    public Task SuspendAsync(HttpContext http) => WhenLiveAsync(http, (id, reason) =>
        client.SuspendInstanceAsync(id, reason, http.RequestAborted));

    public Task ResumeAsync(HttpContext http) => WhenLiveAsync(http, (id, reason) =>
        client.ResumeInstanceAsync(id, reason, http.RequestAborted));

    public async Task RewindAsync(HttpContext http)
    {
        // A failed instance is what this is for; one that still runs is the client's to refuse.
        if (await FoundAsync(http, static instance => instance.IsCompleted
            && instance.RuntimeStatus != OrchestrationRuntimeStatus.Failed) is { } id)
        {
            await client.RewindInstanceAsync(id, ManagementQuery.Text(http, "reason") ?? "", http.RequestAborted);
            ManagementReplies.Accepted(http);
        }
    }

    private async Task WhenLiveAsync(HttpContext http, Func<string, string?, Task> act)
    {
        if (await LiveAsync(http) is { } id)
        {
            await act(id, ManagementQuery.Text(http, "reason"));
            ManagementReplies.Accepted(http);
        }
    }

    private Task<string?> LiveAsync(HttpContext http) => FoundAsync(http, static instance => instance.IsCompleted);

    /// <summary>The id of the instance, or null after a reply that says why there is nothing to do.</summary>
    private async Task<string?> FoundAsync(HttpContext http, Predicate<OrchestrationMetadata> isGone)
    {
        string id = ManagementQuery.InstanceId(http);
        OrchestrationMetadata? instance = await client.GetInstanceAsync(id, http.RequestAborted);
        if (instance is null)
        {
            await ManagementReplies.NoInstanceAsync(http, id);
            return null;
        }

        if (isGone(instance))
        {
            await ManagementReplies.GoneAsync(http, instance);
            return null;
        }

        return id;
    }
}
