using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Watches;

/// <summary>
/// Lets the host that it runs on take its turns at watching the cluster (<see cref="WatchTurn"/>), by bringing it a client of the hub. A
/// timer runs on any of the hosts that share a store: when none of those that it has run on is left, it runs on another one soon.
/// </summary>
internal sealed class WatchCluster(WatchFeed feed)
{
    [Function(nameof(WatchCluster))]
    public void Run([TimerTrigger("*/20 * * * * *", RunOnStartup = true)] TimerInfo timer, [DurableClient] DurableTaskClient client) =>
        feed.TakePart(client);
}
