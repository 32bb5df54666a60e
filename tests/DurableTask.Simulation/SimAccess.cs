using Heal.DurableTask.Simulation.Tests.Faults;
using Heal.Shared.Tests.Programs;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests;

/// <summary>How the driver reaches the simulated hub, whose faults say whether a call took effect.</summary>
/// <param name="pause">Between two tries.</param>
internal sealed class SimAccess(DurableTaskClient client, InMemoryStorage storage, Func<Task> pause) : IHubAccess
{
    public DurableTaskClient Client => client;

    public Task StartAsync(string name, Order order, StartOrchestrationOptions options) =>
        ChangeAsync(() => client.ScheduleNewOrchestrationInstanceAsync(name, order, options));

    public async Task ChangeAsync(Func<Task> change)
    {
        while (true)
        {
            try
            {
                await change();
                return;
            }
            catch (HubAwayException lost)
            {
                if (lost.TookEffect)
                {
                    return;
                }

                await pause();
            }
        }
    }

    public async Task ReadAsync(Func<Task> read)
    {
        while (true)
        {
            try
            {
                await read();
                return;
            }
            catch (HubAwayException)
            {
                await pause();
            }
        }
    }

    public Task<bool> ExistsAsync(string instanceId) => Task.FromResult(storage.Instances.ContainsKey(instanceId));

    public Task<IReadOnlyList<string>> ChildrenOfAsync(string instanceId) => Task.FromResult<IReadOnlyList<string>>(
        [.. storage.Instances.Values.Where(instance => instance.State.ParentInstanceId == instanceId)
            .Select(instance => instance.State.InstanceId).Order(StringComparer.Ordinal)]);
}
