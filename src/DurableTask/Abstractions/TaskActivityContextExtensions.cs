using Microsoft.DurableTask.Internal;

namespace Microsoft.DurableTask;

/// <summary>What this project adds beside the contract: activities that can end early.</summary>
public static class TaskActivityContextExtensions
{
    /// <summary>
    /// A token that is cancelled when the orchestration ended without waiting for the activity (terminated, for example), when another
    /// worker took the activity over, and when the worker stops and its drain time is over. What the activity returns or throws after that
    /// is not recorded; in the last case the activity runs again on another worker. <see cref="CancellationToken.None"/> for a context
    /// that is not the engine's.
    /// </summary>
    /// <remarks>
    /// An end of the orchestration in the same process is seen at once; in another process at the next renewal of the lease, a third of
    /// WorkItemLockTimeout at the latest.
    /// </remarks>
    public static CancellationToken GetCancellationToken(this TaskActivityContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return (context as IActivityCancellation)?.CancellationToken ?? CancellationToken.None;
    }
}
