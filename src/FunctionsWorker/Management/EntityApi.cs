using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Entities;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>The part of the management API that signals, deletes, reads and lists entities.</summary>
internal sealed class EntityApi(DurableTaskClient client)
{
    /// <summary>Stands for the empty key, which a path cannot show.</summary>
    private const string EmptyKey = "$";

    public async Task SignalAsync(HttpContext http)
    {
        string operation = ManagementQuery.Text(http, "op")
            ?? throw new BadHttpRequestException("op: is missing, expected the name of an operation.");
        object? input = ManagementQuery.IsJson(http) ? await ManagementQuery.JsonBodyAsync(http)
            : await ManagementQuery.BodyAsync(http) is { Length: > 0 } text ? text
            : null;
        await client.Entities.SignalEntityAsync(IdOf(http), operation, input, options: null, http.RequestAborted);
        ManagementReplies.Accepted(http);
    }

    public async Task DeleteAsync(HttpContext http)
    {
        await client.Entities.SignalEntityAsync(IdOf(http), "delete", http.RequestAborted);
        ManagementReplies.Accepted(http);
    }

    public async Task StateAsync(HttpContext http)
    {
        EntityInstanceId id = IdOf(http);
        if (await client.Entities.GetEntityAsync(id, http.RequestAborted) is not { IncludesState: true } entity)
        {
            await ManagementReplies.NotFoundAsync(http, $"No entity with a state matches '{id}'.");
            return;
        }

        await Results.Text(entity.State.Value, "application/json").ExecuteAsync(http);
    }

    public async Task ListAsync(HttpContext http)
    {
        int top = ManagementQuery.Top(http, EntityQuery.DefaultPageSize);
        var query = new EntityQuery
        {
            InstanceIdStartsWith = ManagementQuery.Route(http, "name") is { } name ? $"@{name}@" : null,
            LastModifiedFrom = ManagementQuery.Time(http, "lastOperationTimeFrom"),
            LastModifiedTo = ManagementQuery.Time(http, "lastOperationTimeTo"),
            IncludeState = ManagementQuery.Flag(http, "fetchState", fallback: false),
            PageSize = top,
        };
        await using IAsyncEnumerator<Page<EntityMetadata>> pages = client.Entities.GetAllEntitiesAsync(query)
            .AsPages(ManagementQuery.Continuation(http), top).GetAsyncEnumerator(http.RequestAborted);
        Page<EntityMetadata>? page = await pages.MoveNextAsync() ? pages.Current : null;
        if (page?.ContinuationToken is { Length: > 0 } next)
        {
            http.Response.Headers[ManagementQuery.ContinuationHeader] = next;
        }

        await ManagementReplies.JsonAsync(http, page?.Values.Select(EntityStatus.Of) ?? []);
    }

    private static EntityInstanceId IdOf(HttpContext http) => new(
        ManagementQuery.Route(http, "name")!,
        ManagementQuery.Route(http, "key") is { } key && key != EmptyKey ? key : "");

    private sealed record EntityStatus(EntityStatus.Id EntityId, string LastOperationTime, JsonNode? State)
    {
        public static EntityStatus Of(EntityMetadata entity) => new(
            new Id(entity.Id.Name, entity.Id.Key),
            InstanceStatus.Seconds(entity.LastModifiedTime),
            entity.IncludesState ? InstanceStatus.Value(entity.State.Value) : null);

        public sealed record Id(string Name, string Key);
    }
}
