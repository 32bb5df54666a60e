namespace DurableTask.Core.Hub;

/// <summary>
/// The lock under which a turn or an activity ran is no longer held: its lease ended and another worker may have taken over.
/// Nothing of the work was stored. Throw the in-memory state away; the hub hands the work out again.
/// </summary>
public sealed class WorkItemLockLostException : Exception
{
    public WorkItemLockLostException()
    {
    }

    public WorkItemLockLostException(string message)
        : base(message)
    {
    }

    public WorkItemLockLostException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public static WorkItemLockLostException ForInstance(string instanceId) =>
        new($"The lock on orchestration '{instanceId}' is no longer held: its lease ended before the turn was committed. "
            + "Nothing was stored; another worker goes on.");

    public static WorkItemLockLostException ForActivity(string instanceId, int taskId) =>
        new($"The lock on activity #{taskId} of orchestration '{instanceId}' is no longer held: its lease ended, or the orchestration did. "
            + "The result was not stored.");

    public static WorkItemLockLostException ForEntity(string entityId) =>
        new($"The lock on entity '{entityId}' is no longer held: its lease ended before the batch was committed. "
            + "Nothing was stored; another worker goes on.");
}
