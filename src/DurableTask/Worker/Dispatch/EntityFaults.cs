namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>What this worker knows of messages that cannot be read, and of those with which no batch can be stored.</summary>
internal sealed record EntityFaults(UnreadableWork Unreadable, RefusedMessages Refused);
