using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Entities;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>The part of the management API that signals, deletes, reads and lists entities.</summary>
internal sealed class EntityApi(DurableTaskClient client, KeyGate gate)
{
    /// <summary>Stands for the empty key, which a path cannot show.</summary>
    private const string EmptyKey = "$";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder api = endpoints.MapGroup(ManagementLinks.BasePath);
        ManagementApi.Add(api, gate, HttpMethods.Post, "/entities/{name}/{key?}", SignalAsync);
        ManagementApi.Add(api, gate, HttpMethods.Delete, "/entities/{name}/{key}", DeleteAsync);
        ManagementApi.Add(api, gate, HttpMethods.Get, "/entities/{name}/{key}", StateAsync);
        ManagementApi.Add(api, gate, HttpMethods.Get, "/entities/{name?}", ListAsync);
    }

    private async Task SignalAsync(HttpContext http, string _)
    {
        string operation = ManagementApi.Query(http, "op") ?? throw new BadHttpRequestException("op: is missing, expected an operation.");
        object? input = http.Request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true
            ? await ManagementApi.BodyAsync(http)
            : await ManagementApi.TextAsync(http) is { Length: > 0 } text ? text : null;
        await client.Entities.SignalEntityAsync(IdOf(http), operation, input, options: null, http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private async Task DeleteAsync(HttpContext http, string _)
    {
        await client.Entities.SignalEntityAsync(IdOf(http), "delete", http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private async Task StateAsync(HttpContext http, string _)
    {
        EntityInstanceId id = IdOf(http);
        if (await client.Entities.GetEntityAsync(id, http.RequestAborted) is not { IncludesState: true } entity)
        {
            await Problems.WriteAsync(http, StatusCodes.Status404NotFound, "Not found", $"No entity matches '{id}'.");
            return;
        }

        await Results.Text(entity.State.Value, "application/json").ExecuteAsync(http);
    }

    private async Task ListAsync(HttpContext http, string _)
    {
        int top = ManagementApi.Top(http, EntityQuery.DefaultPageSize);
        var query = new EntityQuery
        {
            InstanceIdStartsWith = http.Request.RouteValues["name"] is string name ? $"@{name}@" : null,
            LastModifiedFrom = ManagementApi.Time(http, "lastOperationTimeFrom"),
            LastModifiedTo = ManagementApi.Time(http, "lastOperationTimeTo"),
            IncludeState = ManagementApi.Flag(http, "fetchState", fallback: false),
            PageSize = top,
        };
        await using IAsyncEnumerator<Page<EntityMetadata>> pages = client.Entities.GetAllEntitiesAsync(query)
            .AsPages(ManagementApi.Continuation(http), top).GetAsyncEnumerator(http.RequestAborted);
        Page<EntityMetadata>? page = await pages.MoveNextAsync() ? pages.Current : null;
        if (page?.ContinuationToken is { Length: > 0 } next)
        {
            http.Response.Headers[ManagementApi.ContinuationHeader] = next;
        }

        await http.Response.WriteAsJsonAsync(page?.Values.Select(EntityStatus.Of) ?? [], http.RequestAborted);
    }

    private static EntityInstanceId IdOf(HttpContext http) => new(
        (string)http.Request.RouteValues["name"]!,
        http.Request.RouteValues["key"] is string key && key != EmptyKey ? key : "");

    private sealed record EntityStatus(EntityStatus.Id EntityId, string LastOperationTime, JsonNode? State)
    {
        public static EntityStatus Of(EntityMetadata entity) => new(
            new Id(entity.Id.Name, entity.Id.Key),
            InstanceStatus.Seconds(entity.LastModifiedTime),
            entity.IncludesState ? InstanceStatus.Value(entity.State.Value) : null);

        public sealed record Id(string Name, string Key);
    }
}
