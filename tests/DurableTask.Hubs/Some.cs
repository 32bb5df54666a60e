namespace Heal.DurableTask.Hubs.Tests;

/// <summary>Short ways to the records that the tests hand to a hub.</summary>
internal static class Some
{
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);
    public static readonly IReadOnlyCollection<OrchestrationStatus> Ended =
        [OrchestrationStatus.Completed, OrchestrationStatus.Failed, OrchestrationStatus.Terminated];

    public static string Id() => Guid.NewGuid().ToString("N");

    public static NewInstance Instance(
        string? id = null, string name = "Order", DateTime? startAt = null, OrchestrationInstance? parent = null, int parentTask = 0) =>
        new(new ExecutionStartedEvent(-1, "\"input\"")
        {
            Name = name,
            Version = "1.0",
            OrchestrationInstance = new OrchestrationInstance { InstanceId = id ?? Id(), ExecutionId = Id() },
            ParentInstance = parent is null
                ? null
                : new ParentInstance { Name = "Parent", OrchestrationInstance = parent, TaskScheduleId = parentTask },
            Tags = new Dictionary<string, string>(StringComparer.Ordinal) { ["team"] = "blue" },
            ScheduledStartTime = startAt,
            Timestamp = DateTime.UtcNow,
        });

    public static EventRaisedEvent Event(string name) => new(-1, "1") { Name = name };

    public static TaskScheduledEvent Task(int id, string name = "Charge") => new(id, name, null, "42");

    public static TaskCompletedEvent Outcome(int taskId) => new(-1, taskId, "\"done\"");

    public static TimerFiredEvent Timer(int id, DateTime fireAt) => new(-1, fireAt) { TimerId = id };

    public static OrchestratorStartedEvent TurnStarted() => new(-1);

    /// <summary>A turn that consumes what the item brought, stores those messages as history, and goes on.</summary>
    public static TurnCommit Turn(OrchestrationWorkItem item, OrchestrationStatus status = OrchestrationStatus.Running) => new()
    {
        Lock = item.Lock,
        ExecutionId = item.Instance.ExecutionId,
        ConsumedMessages = [.. item.Messages.Select(message => message.Id)],
        HistoryCount = item.HistoryCount,
        NewHistory = [.. item.Messages.Select(message => message.Event)],
        Status = status,
    };

    /// <summary>The turn schedules an activity, which its history says too, and claims it.</summary>
    public static TurnCommit Claiming(TurnCommit turn, TimeSpan lease) => turn with
    {
        NewHistory = [.. turn.NewHistory, Task(0)],
        Activities = [Task(0)],
        ClaimActivities = 1,
        ClaimLease = lease,
    };

    public static IEnumerable<string> Names(OrchestrationWorkItem item) =>
        item.Messages.Select(message => message.Event is EventRaisedEvent raised ? raised.Name! : message.Event.EventType.ToString());
}
