using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Machines;

/// <summary>
/// Says which healer watches the libvirt hosts: a timer runs on one of those that share a store, and that one watches until some time after
/// its last run. When another one has its turn both may watch for a while; their signals have the same ids.
/// </summary>
internal sealed class WatchMachines(MachineFeed feed)
{
    [Function(nameof(WatchMachines))]
    public void Run([TimerTrigger("*/20 * * * * *", RunOnStartup = true)] TimerInfo timer, [DurableClient] DurableTaskClient client) =>
        feed.Keep(client);
}
