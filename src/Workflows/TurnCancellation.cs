namespace Heal.Workflows;

/// <summary>Cancelling, as an orchestrator may do it.</summary>
internal static class TurnCancellation
{
    /// <summary>
    /// Cancels within the turn. To await <see cref="CancellationTokenSource.CancelAsync"/> would leave it: its callbacks run on the thread
    /// pool, the turn ends with nothing that could wake the orchestration up, and it stands still until something else does.
    /// </summary>
#pragma warning disable CA1849, MA0042 // for that very reason
    public static void CancelInTurn(this CancellationTokenSource source) => source.Cancel();
#pragma warning restore CA1849, MA0042
}
