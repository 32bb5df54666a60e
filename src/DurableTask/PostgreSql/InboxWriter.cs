using DurableTask.Core.Hub;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Puts messages into inboxes, in groups: events from clients, and outcomes of activities that do not go straight into a turn. When a group
/// is refused, each of its messages is tried alone; when nobody knows whether it was stored, every caller is told so.
/// </summary>
internal sealed partial class InboxWriter(HubDatabase database, HubNotifier notifier, TimeProvider timeProvider, ILogger logger)
    : GroupCommitter<GroupConnection>(database.Options, maxGroups: 1)
{
    private static readonly string[] Statements = ["complete_activities", "complete_resident_activities", "send_messages"];

    /// <summary>Posts a message to an instance that has not ended.</summary>
    /// <returns>False when there is no such instance.</returns>
    public Task<bool> SendAsync(string instanceId, string text, CancellationToken cancellationToken) =>
        EnqueueAsync(new PreparedPost(PostKind.Message, instanceId, text), cancellationToken);

    /// <summary>Posts the outcome of an activity, and removes its row.</summary>
    /// <returns>False when the lock is not held any more.</returns>
    public Task<bool> CompleteAsync(ActivityLock held, string text, CancellationToken cancellationToken) =>
        EnqueueAsync(new PreparedPost(PostKind.RowOutcome, held.InstanceId, text) { Held = held }, cancellationToken);

    /// <summary>Posts the outcome of an activity that has no row.</summary>
    /// <returns>False when the instance does not live in the memory of that worker any more.</returns>
    public Task<bool> CompleteResidentAsync(ActivityLock held, string executionId, string text, CancellationToken cancellationToken) =>
        EnqueueAsync(
            new PreparedPost(PostKind.ResidentOutcome, held.InstanceId, text) { Held = held, ExecutionId = executionId },
            cancellationToken);

    protected override GroupConnection CreateStore() => new(database, timeProvider);

    protected override async Task CommitGroupAsync(GroupConnection store, List<GroupOperation> group)
    {
        try
        {
            // In the order of the ids, as everybody locks instances; those of an instance in the order in which they came.
            await StoreAsync(store, [.. group.Cast<PreparedPost>().OrderBy(post => post.InstanceId, StringComparer.Ordinal)]);
            notifier.Publish(HubNews.OfWork(WorkKind.Orchestration));
        }
        catch (Exception refused) when (group.Count > 1 && Refusals.Is(refused))
        {
            Log.GroupRefused(logger, group.Count, database.Channel, refused.Message);
            if (refused is not PostgresException)
            {
                await store.DisposeAsync();
            }

            foreach (var operation in group)
            {
                await CommitGroupAsync(store, [operation]);
            }
        }
        catch (Exception exception)
        {
            group.ForEach(operation => operation.Fail(exception));
            if (exception is not PostgresException { InvariantSeverity: "ERROR" })
            {
                await store.DisposeAsync();
            }
        }
    }

    private async Task StoreAsync(GroupConnection store, PreparedPost[] group)
    {
        var connection = await store.OpenAsync();
        var began = timeProvider.GetTimestamp();
        await using var batch = new NpgsqlBatch(connection);
        var parts = Array.ConvertAll(Enum.GetValues<PostKind>(), kind => Array.FindAll(group, post => post.Kind == kind));
        for (var kind = 0; kind < parts.Length; kind++)
        {
            if (parts[kind].Length > 0)
            {
                batch.BatchCommands.Add(Command((PostKind)kind, parts[kind]));
            }
        }

        var stored = new HashSet<PreparedPost>();
        await using (var reader = await batch.ExecuteReaderAsync())
        {
            foreach (var part in parts.Where(part => part.Length > 0))
            {
                while (await reader.ReadAsync())
                {
                    // Positions of an array count from 1.
                    stored.Add(part[reader.GetInt64(0) - 1]);
                }

                await reader.NextResultAsync();
            }
        }

        Array.ForEach(group, post => post.Answer(stored.Contains(post)));
        store.Stored(began);
    }

    private static NpgsqlBatchCommand Command(PostKind kind, PreparedPost[] posts)
    {
        var command = new NpgsqlBatchCommand(HubDatabase.Sql[Statements[(int)kind]]);
        switch (kind)
        {
            case PostKind.RowOutcome:
                GroupCommands.Add(command, posts, static post => post.Held!.ActivityId);
                GroupCommands.Add(command, posts, static post => post.Held!.WorkerId);
                GroupCommands.Add(command, posts, static post => post.Held!.Fence);
                break;
            case PostKind.ResidentOutcome:
                GroupCommands.Add(command, posts, static post => post.InstanceId);
                GroupCommands.Add(command, posts, static post => post.ExecutionId!);
                GroupCommands.Add(command, posts, static post => post.Held!.WorkerId);
                break;
            default:
                GroupCommands.Add(command, posts, static post => post.InstanceId);
                break;
        }

        GroupCommands.Add(command, posts, static post => post.Text);
        return command;
    }

    private static partial class Log
    {
        [LoggerMessage(
            5, LogLevel.Warning, "{Count} messages could not be stored together in task hub '{Hub}', storing each alone: {Reason}")]
        public static partial void GroupRefused(ILogger logger, int count, string hub, string reason);
    }
}

/// <summary>In the order of the statements that store them.</summary>
internal enum PostKind
{
    RowOutcome,
    ResidentOutcome,
    Message,
}

/// <summary>A message that waits to be stored; true when it was.</summary>
internal sealed class PreparedPost(PostKind kind, string instanceId, string text) : GroupOperation<bool>
{
    public PostKind Kind => kind;

    public override string InstanceId => instanceId;

    public override bool IsAloneOfItsInstance => false;

    public string Text => text;

    /// <summary>The lock of the activity whose outcome it is.</summary>
    public ActivityLock? Held { get; init; }

    /// <summary>The execution that the activity belongs to, when only the worker knows it.</summary>
    public string? ExecutionId { get; init; }
}
