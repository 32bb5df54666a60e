using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.Shared.Tests.Programs;

/// <summary>The outside world: starts the roots, sends events, suspends, resumes and terminates, and waits for the ends.</summary>
/// <param name="longestPause">Between two of its actions.</param>
internal sealed class Driver(IHubAccess hub, Scenario scenario, Random chance, TimeProvider time, TimeSpan longestPause)
{
    public Task RunAsync() => Task.WhenAll(scenario.Roots.Select(RunAsync).ToArray());

    private async Task RunAsync(Root root)
    {
        await Task.Delay(root.After, time);
        await hub.StartAsync(
            scenario.ProgramName,
            new Order(root.Program.Id, 0, 0),
            new StartOrchestrationOptions(
                root.InstanceId, root.StartAfter > TimeSpan.Zero ? time.GetUtcNow() + root.StartAfter : null));
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
        await hub.ReadAsync(() => hub.Client.WaitForInstanceCompletionAsync(instanceId));

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
            await hub.ReadAsync(() => hub.Client.WaitForInstanceStartAsync(instanceId, parentEnded));
        }
        catch (OperationCanceledException)
        {
            if (!await hub.ExistsAsync(instanceId))
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
            if (chance.Next(2) == 0)
            {
                await PauseAsync();
            }

            int index = i;
            await hub.ChangeAsync(() => hub.Client.RaiseEventAsync(instanceId, Interpreter.EventName(node), Sums.Payload(node.Id, index)));
        }
    }

    private async Task SuspendAsync(Root root)
    {
        for (int i = 0; i < root.Suspensions; i++)
        {
            await PauseAsync();
            await hub.ChangeAsync(() => hub.Client.SuspendInstanceAsync(root.InstanceId, "a while"));
            await PauseAsync();
            await hub.ChangeAsync(() => hub.Client.ResumeInstanceAsync(root.InstanceId, "go on"));
        }
    }

    private async Task TerminateAsync(string instanceId, bool recursive)
    {
        await PauseAsync();
        await PauseAsync();
        var options = new TerminateInstanceOptions(Model.TerminationOutput, recursive);
        await hub.ChangeAsync(() => hub.Client.TerminateInstanceAsync(instanceId, options));
    }

    private async Task DescendantsEndAsync(string instanceId)
    {
        foreach (string child in await hub.ChildrenOfAsync(instanceId))
        {
            await hub.ReadAsync(() => hub.Client.WaitForInstanceCompletionAsync(child));
            await DescendantsEndAsync(child);
        }
    }

    private Task PauseAsync() => Task.Delay(longestPause * chance.NextDouble(), time);
}
