using Heal.DurableTask.Simulation.Tests.Checks;
using Heal.DurableTask.Simulation.Tests.Faults;
using Heal.Shared.Tests.Programs;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests;

/// <summary>How the driver reaches the simulated hub, whose faults say whether a call took effect.</summary>
/// <param name="pause">Between two tries.</param>
internal sealed class SimAccess(DurableTaskClient client, InMemoryStorage storage, Lives lives, Func<Task> pause) : IHubAccess
{
    public DurableTaskClient Client => client;

    public Task StartAsync(string name, Order order, StartOrchestrationOptions options) =>
        CreateAsync(() => client.ScheduleNewOrchestrationInstanceAsync(name, order, options));

    /// <summary>Creates an instance once, by calls of which only one creates something.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> CreateAsync(Func<Task<string>> create)
    {
        while (true)
        {
            try
            {
                return await create();
            }
            catch (HubAwayException lost)
            {
                if (lost.Created is { } instanceId)
                {
                    return instanceId;
                }

                await pause();
            }
        }
    }

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

    public Task<Use> RootAsync(string instanceId) => Task.FromResult<Use>(lives.Current(instanceId)!);

    public async Task<Use?> BegunAsync(string instanceId, Use parent, CancellationToken parentEnded)
    {
        try
        {
            var life = await lives.BegunAsync(instanceId, (Life)parent, parentEnded);
            await ReadAsync(() => client.WaitForInstanceStartAsync(instanceId));
            return life;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Waits for the end, or for the next one under the id: what that comes to, others wait for.</summary>
    public async Task EndAsync(Use use)
    {
        using var gone = new CancellationTokenSource();
        var seen = ReadAsync(() => client.WaitForInstanceCompletionAsync(use.InstanceId, gone.Token));
        if (await Task.WhenAny(seen, ((Life)use).Gone) == seen)
        {
            await seen;
            return;
        }

        gone.Cancel();
        try
        {
            await seen;
        }
        catch (Exception left) when (left is OperationCanceledException or InvalidOperationException)
        {
            // Who waits for one that is purged is told so.
        }
    }

    public Task<IReadOnlyList<Use>> ChildrenOfAsync(string instanceId) => Task.FromResult<IReadOnlyList<Use>>(
        [.. storage.Instances.Values.Where(instance => instance.State.ParentInstanceId == instanceId)
            .Select(instance => lives.Current(instance.State.InstanceId)!)
            .OrderBy(life => life.InstanceId, StringComparer.Ordinal)]);
}
