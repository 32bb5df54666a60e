using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using DurableTask.Core.History;
using Microsoft.AspNetCore.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>The part of the management API that reads, lists and purges instances.</summary>
internal sealed class StatusApi(DurableTaskClient client, ManagementLinks links, TimeProvider time)
{
    public async Task GetAsync(HttpContext http)
    {
        string id = ManagementQuery.InstanceId(http);
        bool showInput = ManagementQuery.Flag(http, "showInput", fallback: true);
        bool showHistory = ManagementQuery.Flag(http, "showHistory", fallback: false);
        bool showOutput = ManagementQuery.Flag(http, "showHistoryOutput", fallback: false);
        if (await client.GetInstanceAsync(id, getInputsAndOutputs: true, http.RequestAborted) is not { } instance)
        {
            await ManagementReplies.NoInstanceAsync(http, id);
            return;
        }

        InstanceStatus status = InstanceStatus.Of(instance, showInput);
        string address = links.AddressOf(http.Request);
        await (showHistory
            ? ManagementReplies.StatusAsync(
                http, address, instance, status, await HistoryAsync(id, showInput, showOutput, http.RequestAborted))
            : ManagementReplies.StatusAsync(http, address, instance, status));
    }

    public async Task ListAsync(HttpContext http)
    {
        bool showInput = ManagementQuery.Flag(http, "showInput", fallback: true);
        int top = ManagementQuery.Top(http, OrchestrationQuery.DefaultPageSize);
        var query = new OrchestrationQuery(
            ManagementQuery.Time(http, "createdTimeFrom"),
            ManagementQuery.Time(http, "createdTimeTo"),
            ManagementQuery.Statuses(http),
            InstanceIdPrefix: ManagementQuery.Text(http, "instanceIdPrefix"),
            PageSize: top,
            FetchInputsAndOutputs: true);
        await using IAsyncEnumerator<Page<OrchestrationMetadata>> pages = client.GetAllInstancesAsync(query)
            .AsPages(ManagementQuery.Continuation(http), top).GetAsyncEnumerator(http.RequestAborted);
        Page<OrchestrationMetadata>? page = await pages.MoveNextAsync() ? pages.Current : null;
        if (page?.ContinuationToken is { Length: > 0 } next)
        {
            http.Response.Headers[ManagementQuery.ContinuationHeader] = next;
        }

        await ManagementReplies.JsonAsync(http, page?.Values.Select(i => InstanceStatus.Of(i, showInput)) ?? []);
    }

    public async Task PurgeOneAsync(HttpContext http)
    {
        string id = ManagementQuery.InstanceId(http);
        await PurgedAsync(http, await client.PurgeInstanceAsync(id, http.RequestAborted), $"No instance matches '{id}'.");
    }

    public async Task PurgeManyAsync(HttpContext http)
    {
        DateTimeOffset from = ManagementQuery.Time(http, "createdTimeFrom")
            ?? throw new BadHttpRequestException(
                "Please provide value for 'createdTimeFrom' parameter: a time, such as 2026-01-31T12:00:00Z.");
        DateTimeOffset to = ManagementQuery.Time(http, "createdTimeTo") ?? time.GetUtcNow();
        var filter = new PurgeInstancesFilter(from, to, ManagementQuery.Statuses(http));
        await PurgedAsync(http, await client.PurgeAllInstancesAsync(filter, http.RequestAborted), "No ended instance matches the filter.");
    }

    private static Task PurgedAsync(HttpContext http, PurgeResult result, string notFound) => result.PurgedInstanceCount == 0
        ? ManagementReplies.NotFoundAsync(http, notFound)
        : ManagementReplies.JsonAsync(http, new { instancesDeleted = result.PurgedInstanceCount });

    /// <summary>The first time over the history; the second one is whoever takes the items'.</summary>
    private async Task<IAsyncEnumerable<JsonObject>> HistoryAsync(
        string id, bool showInput, bool showOutput, CancellationToken cancellationToken)
    {
        var view = new HistoryView(showInput, showOutput);
        await foreach (HistoryEvent entry in client.ReadOrchestrationHistoryAsync(id, cancellationToken))
        {
            view.Note(entry);
        }

        return ItemsAsync(view, id, cancellationToken);
    }

    private async IAsyncEnumerable<JsonObject> ItemsAsync(
        HistoryView view, string id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (HistoryEvent entry in client.ReadOrchestrationHistoryAsync(id, cancellationToken))
        {
            if (view.IsWhole)
            {
                yield break;
            }

            if (view.Show(entry) is { } item)
            {
                yield return item;
            }
        }
    }
}
