namespace Microsoft.DurableTask.Client;

/// <summary>The life of an instance. The numbers are part of the contract.</summary>
public enum OrchestrationRuntimeStatus
{
    Running = 0,
    Completed = 1,

    [Obsolete("An instance that starts over stays Running.")]
    ContinuedAsNew = 2,
    Failed = 3,

    [Obsolete("Instances are terminated, not cancelled.")]
    Canceled = 4,
    Terminated = 5,
    Pending = 6,
    Suspended = 7,
}
