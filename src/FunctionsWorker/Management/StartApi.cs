using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>The part of the management API that starts and restarts orchestrations, and waits for their end when asked to.</summary>
internal sealed class StartApi(
    DurableTaskClient client, IOptionsMonitor<DurableTaskRegistry> registry, ManagementLinks links, TimeProvider time)
{
    public async Task StartAsync(HttpContext http)
    {
        string name = ManagementQuery.Route(http, "functionName")!;
        if (!registry.Get("").GetOrchestrators().Any(o => string.Equals(o.Key.Name, name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new BadHttpRequestException($"{ManagementGate.BadArgument}: there is no orchestrator '{name}' here.");
        }

        TimeSpan? wait = ManagementQuery.Wait(http);
        JsonElement? input = await ManagementQuery.JsonBodyAsync(http);
        var options = new StartOrchestrationOptions(ManagementQuery.Route(http, "instanceId"));
        await ReplyAsync(http, await client.ScheduleNewOrchestrationInstanceAsync(name, input, options, http.RequestAborted), wait);
    }

    public async Task RestartAsync(HttpContext http)
    {
        bool withNewId = ManagementQuery.Flag(http, "restartWithNewInstanceId", fallback: true);
        TimeSpan? wait = ManagementQuery.Wait(http);
        await ReplyAsync(http, await RestartAsync(ManagementQuery.InstanceId(http), withNewId, http.RequestAborted), wait);
    }

    private async Task<string> RestartAsync(string id, bool withNewId, CancellationToken cancellationToken)
    {
        try
        {
            return await client.RestartAsync(id, withNewId, cancellationToken);
        }
        catch (ArgumentException exception)
        {
            throw new BadHttpRequestException(
                "InstanceId does not match a valid orchestration instance.", StatusCodes.Status400BadRequest, exception);
        }
    }

    private async Task ReplyAsync(HttpContext http, string id, TimeSpan? wait)
    {
        if (wait is { } limit && await CompletionAsync(id, limit, http.RequestAborted) is { } ended)
        {
            await (ended.RuntimeStatus == OrchestrationRuntimeStatus.Completed
                ? Results.Text(ended.SerializedOutput ?? "null", "application/json").ExecuteAsync(http)
                : ManagementReplies.StatusAsync(
                    http, links.AddressOf(http.Request), ended, InstanceStatus.Of(ended, showInput: true)));
            return;
        }

        HttpManagementPayload payload = links.For(id, links.AuthorityOf(http.Request));
        http.Response.Headers.Location = payload.StatusQueryGetUri;
        http.Response.Headers.RetryAfter = "10";
        ManagementReplies.Accepted(http);
        await ManagementReplies.JsonAsync(http, CheckStatusPayload.Of(payload));
    }

    private async Task<OrchestrationMetadata?> CompletionAsync(string id, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var waiting = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(waiting.Token, cancellationToken);
        try
        {
            return await client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The time is over, or this host stops: the caller asks again, there or elsewhere.
            return null;
        }
    }
}
