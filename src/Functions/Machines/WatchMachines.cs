using Heal.Functions.Watches;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Machines;

/// <summary>Lets the healer that it runs on take its turns at watching the libvirt hosts, as <see cref="WatchCluster"/> does for the
/// cluster.</summary>
internal sealed class WatchMachines(MachineFeed feed)
{
    [Function(nameof(WatchMachines))]
    public void Run([TimerTrigger("*/20 * * * * *", RunOnStartup = true)] TimerInfo timer, [DurableClient] DurableTaskClient client) =>
        feed.TakePart(client);
}
