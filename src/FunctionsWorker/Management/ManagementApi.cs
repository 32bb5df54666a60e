using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>
/// The HTTP management API of the durable extension under <c>/runtime/webhooks/durabletask</c>, behind a system key.
/// Offers start, status, list, raise event, terminate, suspend, resume and purge; <see cref="EntityApi"/> offers entities.
/// </summary>
internal sealed class ManagementApi(
    DurableTaskClient client, IOptionsMonitor<DurableTaskRegistry> registry, ManagementLinks links, KeyGate gate, TimeProvider time)
{
    internal const string ContinuationHeader = "x-ms-continuation-token";
    private const int MaxPageSize = 1000;

    internal delegate Task Reply(HttpContext http, string id);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder api = endpoints.MapGroup(ManagementLinks.BasePath);
        Add(api, HttpMethods.Post, "/orchestrators/{functionName}/{instanceId?}", StartAsync);
        Add(api, HttpMethods.Get, "/instances", (http, _) => ListAsync(http));
        Add(api, HttpMethods.Delete, "/instances", (http, _) => PurgeManyAsync(http));
        Add(api, HttpMethods.Get, "/instances/{id}", StatusAsync);
        Add(api, HttpMethods.Delete, "/instances/{id}", PurgeOneAsync);
        Add(api, HttpMethods.Post, "/instances/{id}/raiseEvent/{eventName}", RaiseEventAsync);
        Add(api, HttpMethods.Post, "/instances/{id}/terminate", WhenLive((http, id) =>
            client.TerminateInstanceAsync(id, Query(http, "reason"), http.RequestAborted)));
        Add(api, HttpMethods.Post, "/instances/{id}/suspend", WhenLive((http, id) =>
            client.SuspendInstanceAsync(id, Query(http, "reason"), http.RequestAborted)));
        Add(api, HttpMethods.Post, "/instances/{id}/resume", WhenLive((http, id) =>
            client.ResumeInstanceAsync(id, Query(http, "reason"), http.RequestAborted)));
    }

    private void Add(RouteGroupBuilder api, string method, string route, Reply reply) => Add(api, gate, method, route, reply);

    internal static void Add(RouteGroupBuilder api, KeyGate gate, string method, string route, Reply reply) =>
        api.MapMethods(route, [method], gate.Guard(AuthorizationLevel.System, function: null, async http =>
        {
            try
            {
                await reply(http, http.Request.RouteValues["id"] as string ?? "");
            }
            catch (ArgumentException exception)
            {
                throw new BadHttpRequestException(exception.Message, StatusCodes.Status400BadRequest, exception);
            }
        }));

    private async Task StartAsync(HttpContext http, string _)
    {
        string name = (string)http.Request.RouteValues["functionName"]!;
        if (!registry.Get("").GetOrchestrators().Any(o => string.Equals(o.Key.Name, name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new BadHttpRequestException($"There is no orchestrator '{name}' here.");
        }

        var options = new StartOrchestrationOptions(http.Request.RouteValues["instanceId"] as string);
        JsonElement? input = await BodyAsync(http);
        string id = await client.ScheduleNewOrchestrationInstanceAsync(name, input, options, http.RequestAborted);
        if (WaitLimit(http) is { } limit && await CompletionAsync(id, limit, http.RequestAborted) is { } ended)
        {
            if (ended.RuntimeStatus == OrchestrationRuntimeStatus.Completed)
            {
                await Results.Text(ended.SerializedOutput ?? "null", "application/json").ExecuteAsync(http);
                return;
            }

            await WriteStatusAsync(http, ended, showInput: true);
            return;
        }

        HttpManagementPayload payload = links.For(id, $"{http.Request.Scheme}://{http.Request.Host}");
        http.Response.Headers.Location = payload.StatusQueryGetUri;
        http.Response.Headers.RetryAfter = "10";
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        await http.Response.WriteAsJsonAsync(payload, http.RequestAborted);
    }

    private async Task StatusAsync(HttpContext http, string id)
    {
        if (Flag(http, "showHistory", fallback: false))
        {
            throw new BadHttpRequestException("showHistory is not offered by this host yet; leave it out.");
        }

        if (await client.GetInstanceAsync(id, getInputsAndOutputs: true, http.RequestAborted) is not { } instance)
        {
            await NotFoundAsync(http, id);
            return;
        }

        await WriteStatusAsync(http, instance, Flag(http, "showInput", fallback: true));
    }

    private static Task WriteStatusAsync(HttpContext http, OrchestrationMetadata instance, bool showInput)
    {
        bool failedIs500 = Flag(http, "returnInternalServerErrorOnFailure", fallback: false);
        if (!instance.IsCompleted)
        {
            http.Response.Headers.Location = $"{http.Request.Scheme}://{http.Request.Host}{http.Request.Path}{http.Request.QueryString}";
            http.Response.Headers.RetryAfter = "5";
        }

        http.Response.StatusCode = !instance.IsCompleted ? StatusCodes.Status202Accepted
            : instance.RuntimeStatus == OrchestrationRuntimeStatus.Failed && failedIs500 ? StatusCodes.Status500InternalServerError
            : StatusCodes.Status200OK;
        return http.Response.WriteAsJsonAsync(InstanceStatus.Of(instance, showInput), http.RequestAborted);
    }

    private async Task ListAsync(HttpContext http)
    {
        bool showInput = Flag(http, "showInput", fallback: true);
        int top = Top(http, OrchestrationQuery.DefaultPageSize);
        var query = new OrchestrationQuery(
            Time(http, "createdTimeFrom"), Time(http, "createdTimeTo"), Statuses(http), InstanceIdPrefix: Query(http, "instanceIdPrefix"),
            PageSize: top, FetchInputsAndOutputs: true);
        string? continuation = Continuation(http);
        await using IAsyncEnumerator<Page<OrchestrationMetadata>> pages =
            client.GetAllInstancesAsync(query).AsPages(continuation, top).GetAsyncEnumerator(http.RequestAborted);
        Page<OrchestrationMetadata>? page = await pages.MoveNextAsync() ? pages.Current : null;
        if (page?.ContinuationToken is { Length: > 0 } next)
        {
            http.Response.Headers[ContinuationHeader] = next;
        }

        await http.Response.WriteAsJsonAsync(page?.Values.Select(i => InstanceStatus.Of(i, showInput)) ?? [], http.RequestAborted);
    }

    private async Task PurgeOneAsync(HttpContext http, string id)
    {
        PurgeResult result = await client.PurgeInstanceAsync(id, http.RequestAborted);
        await PurgedAsync(http, result, id);
    }

    private async Task PurgeManyAsync(HttpContext http)
    {
        DateTimeOffset from = Time(http, "createdTimeFrom")
            ?? throw new BadHttpRequestException("createdTimeFrom: is missing, expected a time.");
        var filter = new PurgeInstancesFilter(from, Time(http, "createdTimeTo") ?? time.GetUtcNow(), Statuses(http));
        await PurgedAsync(http, await client.PurgeAllInstancesAsync(filter, http.RequestAborted), "(any)");
    }

    private static Task PurgedAsync(HttpContext http, PurgeResult result, string id) => result.PurgedInstanceCount == 0
        ? NotFoundAsync(http, id)
        : http.Response.WriteAsJsonAsync(new { instancesDeleted = result.PurgedInstanceCount }, http.RequestAborted);

    private Task RaiseEventAsync(HttpContext http, string id)
    {
        if (http.Request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) != true)
        {
            throw new BadHttpRequestException("Content-Type: expected application/json.");
        }

        return WhenLive(async (context, instance) => await client.RaiseEventAsync(
            instance, (string)context.Request.RouteValues["eventName"]!, await BodyAsync(context), context.RequestAborted))(http, id);
    }

    /// <summary>202 when the instance is there and has not ended; 404 and 410 else.</summary>
    private Reply WhenLive(Reply act) => async (http, id) =>
    {
        OrchestrationMetadata? instance = await client.GetInstanceAsync(id, http.RequestAborted);
        if (instance is null)
        {
            await NotFoundAsync(http, id);
            return;
        }

        if (instance.IsCompleted)
        {
            await Problems.WriteAsync(http, StatusCodes.Status410Gone, "The instance has ended",
                $"Its status is {instance.RuntimeStatus}.");
            return;
        }

        await act(http, id);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
    };

    private async Task<OrchestrationMetadata?> CompletionAsync(string id, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var waiting = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(waiting.Token, cancellationToken);
        try
        {
            return await client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, either.Token);
        }
        catch (OperationCanceledException) when (waiting.IsCancellationRequested)
        {
            return null;
        }
    }

    internal static int Top(HttpContext http, int fallback) => Query(http, "top") is not { } text ? fallback
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= MaxPageSize ? number
        : throw new BadHttpRequestException($"top: expected a number from 1 to {MaxPageSize}.");

    internal static string? Continuation(HttpContext http) =>
        http.Request.Headers[ContinuationHeader].ToString() is { Length: > 0 } token ? token : null;

    internal static async Task<string> TextAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        return await reader.ReadToEndAsync(http.RequestAborted);
    }

    internal static async Task<JsonElement?> BodyAsync(HttpContext http)
    {
        string text = await TextAsync(http);
        try
        {
            return text.Length == 0 ? null : JsonElement.Parse(text);
        }
        catch (JsonException exception)
        {
            throw new BadHttpRequestException($"The body is not JSON: {exception.Message}", exception);
        }
    }

    private static TimeSpan? WaitLimit(HttpContext http)
    {
        string? timeout = Query(http, "timeout");
        if (timeout is null || Query(http, "pollingInterval") is null)
        {
            return null;
        }

        // The client is woken by the hub, so the polling interval has nothing to set; the caller still gives both, as the API asks.
        return double.TryParse(timeout, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= 3600
            ? TimeSpan.FromSeconds(seconds)
            : throw new BadHttpRequestException("timeout: expected seconds, above 0 and up to 3600.");
    }

    private static List<OrchestrationRuntimeStatus>? Statuses(HttpContext http)
    {
        List<OrchestrationRuntimeStatus> statuses = [.. http.Request.Query["runtimeStatus"]
            .SelectMany(static v => (v ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Select(static v => Enum.TryParse(v, ignoreCase: true, out OrchestrationRuntimeStatus status) && !char.IsAsciiDigit(v[0])
                ? status
                : throw new BadHttpRequestException(
                    $"runtimeStatus: expected one of {string.Join(", ", Enum.GetNames<OrchestrationRuntimeStatus>())}."))];
        return statuses.Count == 0 ? null : statuses;
    }

    internal static DateTimeOffset? Time(HttpContext http, string name) => Query(http, name) is not { } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset value) ? value
        : throw new BadHttpRequestException($"{name}: expected a time such as 2026-01-31T12:00:00Z.");

    internal static bool Flag(HttpContext http, string name, bool fallback) => Query(http, name) is not { } text ? fallback
        : bool.TryParse(text, out bool value) ? value
        : throw new BadHttpRequestException($"{name}: expected true or false.");

    internal static string? Query(HttpContext http, string name) =>
        http.Request.Query[name].ToString() is { Length: > 0 } value ? value : null;

    private static Task NotFoundAsync(HttpContext http, string id) =>
        Problems.WriteAsync(http, StatusCodes.Status404NotFound, "Not found", $"No instance matches '{id}'.");
}
