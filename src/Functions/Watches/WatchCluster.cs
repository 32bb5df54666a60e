using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Watches;

/// <summary>
/// Says which host watches the cluster: a timer runs on one of the hosts that share a store, and that host watches until some time after
/// its last run. When another one has its turn, both may watch for a while, which is wasteful and right: their signals have the same ids.
/// </summary>
internal sealed class WatchCluster(WatchFeed feed)
{
    [Function(nameof(WatchCluster))]
    public void Run([TimerTrigger("*/20 * * * * *", RunOnStartup = true)] TimerInfo timer, [DurableClient] DurableTaskClient client) =>
        feed.Keep(client);
}
