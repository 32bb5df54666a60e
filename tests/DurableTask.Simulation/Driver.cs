using Heal.DurableTask.Simulation.Tests.Faults;
using Heal.DurableTask.Simulation.Tests.Programs;
using Heal.DurableTask.Simulation.Tests.World;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Simulation.Tests;

/// <summary>The outside world: starts the roots, sends events, suspends, resumes and terminates, and waits for the ends.</summary>
/// <param name="longestPause">Between two of its actions.</param>
/// <param name="exists">Whether the hub knows an instance.</param>
/// <param name="childrenOf">The sub-orchestrations of an instance.</param>
internal sealed class Driver(
    DurableTaskClient client,
    Scenario scenario,
    SimWorld world,
    TimeProvider time,
    TimeSpan longestPause,
    Func<string, bool> exists,
    Func<string, IReadOnlyList<string>> childrenOf)
{
    public const long TerminationOutput = 4711;

    public Task RunAsync() => Task.WhenAll(scenario.Roots.Select(RunAsync).ToArray());

    private async Task RunAsync(Root root)
    {
        await Task.Delay(root.After, time);
        await WriteAsync(() => client.ScheduleNewOrchestrationInstanceAsync(
            Interpreter.OrchestratorName, new Order(root.Program.Id, 0, 0), new StartOrchestrationOptions(
                root.InstanceId, root.StartAfter > TimeSpan.Zero ? time.GetUtcNow() + root.StartAfter : null)));
        var asides = new List<Task> { ServeUntilItEndsAsync(root.InstanceId, root.Program) };
        if (root.Suspensions > 0)
        {
            asides.Add(SuspendAsync(root));
        }

        if (root.Program.Ending == Ending.Wait)
        {
            asides.Add(TerminateAsync(root.InstanceId, root.Recursive));
        }

        await Task.WhenAll(asides);
        await DescendantsEndAsync(root.InstanceId);
    }

    private async Task ServeUntilItEndsAsync(string instanceId, Recipe program)
    {
        using var ended = new CancellationTokenSource();
        var serving = ServeAsync(instanceId, program, ended.Token);
        await ReadAsync(() => client.WaitForInstanceCompletionAsync(instanceId));

        // Of one that was terminated, some sub-orchestrations never came to be: nobody waits for them any more.
        ended.Cancel();
        await serving;
    }

    /// <summary>Sends an instance all the events that it waits for, and does so for its sub-orchestrations whose ids are known.</summary>
    private async Task ServeAsync(string instanceId, Recipe program, CancellationToken ended)
    {
        var tasks = new List<Task>();
        foreach (var node in program.AllNodes)
        {
            switch (node)
            {
                case Events events:
                    tasks.Add(SendAsync(instanceId, node, events.Count * program.Rounds, ended));
                    break;
                case ConcurrentEvents events:
                    tasks.Add(SendAsync(instanceId, node, events.Count * program.Rounds, ended));
                    break;
                case EventInTime:
                    tasks.Add(SendAsync(instanceId, node, program.Rounds, ended));
                    break;
                case Child { OwnId: true } child:
                    for (int round = 0; round < program.Rounds; round++)
                    {
                        tasks.Add(ServeChildAsync(Interpreter.ChildId(instanceId, child.Id, round), child.Program, ended));
                    }

                    break;
            }
        }

        await Task.WhenAll(tasks);
    }

    private async Task ServeChildAsync(string instanceId, Recipe program, CancellationToken parentEnded)
    {
        try
        {
            // The id must be known to the hub: events to nobody are dropped.
            await ReadAsync(() => client.WaitForInstanceStartAsync(instanceId, parentEnded));
        }
        catch (OperationCanceledException)
        {
            if (!exists(instanceId))
            {
                return;
            }
        }

        var terminating = program.Ending == Ending.Wait ? TerminateAsync(instanceId, recursive: true) : Task.CompletedTask;
        await ServeUntilItEndsAsync(instanceId, program);
        await terminating;
    }

    private async Task SendAsync(string instanceId, Node node, int count, CancellationToken ended)
    {
        for (int i = 0; i < count && !ended.IsCancellationRequested; i++)
        {
            if (world.Chance.Next(2) == 0)
            {
                await PauseAsync();
            }

            int index = i;
            await WriteAsync(() => client.RaiseEventAsync(instanceId, Interpreter.EventName(node), Sums.Payload(node.Id, index)));
        }
    }

    private async Task SuspendAsync(Root root)
    {
        for (int i = 0; i < root.Suspensions; i++)
        {
            await PauseAsync();
            await WriteAsync(() => client.SuspendInstanceAsync(root.InstanceId, "a while"));
            await PauseAsync();
            await WriteAsync(() => client.ResumeInstanceAsync(root.InstanceId, "go on"));
        }
    }

    private async Task TerminateAsync(string instanceId, bool recursive)
    {
        await PauseAsync();
        await PauseAsync();
        await WriteAsync(() => client.TerminateInstanceAsync(instanceId, new TerminateInstanceOptions(TerminationOutput, recursive)));
    }

    private async Task DescendantsEndAsync(string instanceId)
    {
        foreach (string child in childrenOf(instanceId))
        {
            await ReadAsync(() => client.WaitForInstanceCompletionAsync(child));
            await DescendantsEndAsync(child);
        }
    }

    private Task PauseAsync() => Task.Delay(world.Between(TimeSpan.Zero, longestPause), time);

    /// <summary>Changes something once: a caller that knows whether a call without an answer took effect, so that the model can count on
    /// it.</summary>
    private async Task WriteAsync(Func<Task> call)
    {
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (HubAwayException lost)
            {
                if (lost.TookEffect)
                {
                    return;
                }

                await PauseAsync();
            }
        }
    }

    private async Task ReadAsync(Func<Task> call)
    {
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (HubAwayException)
            {
                await PauseAsync();
            }
        }
    }
}
