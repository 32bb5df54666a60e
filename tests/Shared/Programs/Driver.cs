using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.Shared.Tests.Programs;

/// <summary>The outside world: starts the roots, sends events, suspends, resumes and terminates, and waits for the ends.</summary>
/// <param name="longestPause">Between two of its actions.</param>
internal class Driver(IHubAccess hub, Scenario scenario, Random chance, TimeProvider time, TimeSpan longestPause)
{
    public Task RunAsync() => Task.WhenAll(scenario.Roots.Select(RunAsync).ToArray());

    protected virtual async Task RunAsync(Root root)
    {
        await LiveAsync(await BeginAsync(root), root.Program, root);
        await DescendantsEndAsync(root.InstanceId);
    }

    protected async Task<Use> BeginAsync(Root root)
    {
        await Task.Delay(root.After, time);
        await hub.StartAsync(
            scenario.ProgramName,
            new Order(root.Program.Id, 0, 0),
            new StartOrchestrationOptions(
                root.InstanceId, root.StartAfter > TimeSpan.Zero ? time.GetUtcNow() + root.StartAfter : null));
        return await hub.RootAsync(root.InstanceId);
    }

    /// <summary>The use of an instance id, with all that the outside world has to do for it.</summary>
    protected virtual async Task LiveAsync(Use use, Recipe program, Root root)
    {
        var asides = new List<Task> { ServeUntilItEndsAsync(use, program) };
        if (root.Suspensions > 0)
        {
            asides.Add(SuspendAsync(root));
        }

        if (program.Ending == Ending.Wait)
        {
            asides.Add(TerminateAsync(use, root.Recursive));
        }

        await Task.WhenAll(asides);
    }

    private async Task ServeUntilItEndsAsync(Use use, Recipe program)
    {
        using var ended = new CancellationTokenSource();
        var serving = ServeAsync(use, program, ended.Token);
        await hub.EndAsync(use);

        // Of one that was terminated, some sub-orchestrations never came to be: nobody waits for them any more.
        ended.Cancel();
        await serving;
    }

    /// <summary>Sends an instance all the events that it waits for, and does so for its sub-orchestrations whose ids are known.</summary>
    private async Task ServeAsync(Use use, Recipe program, CancellationToken ended)
    {
        string instanceId = use.InstanceId;
        int first = use.FirstRound;
        var tasks = new List<Task>();
        foreach (var node in program.AllNodes)
        {
            switch (node)
            {
                case Events events:
                    tasks.Add(SendAsync(instanceId, node, events.Count * first, events.Count * program.Rounds, ended));
                    break;
                case ConcurrentEvents events:
                    tasks.Add(SendAsync(instanceId, node, events.Count * first, events.Count * program.Rounds, ended));
                    break;
                case EventInTime:
                    tasks.Add(SendAsync(instanceId, node, first, program.Rounds, ended));
                    break;
                case Child { OwnId: true } child:
                    for (int round = first; round < program.Rounds; round++)
                    {
                        tasks.Add(ServeChildAsync(use, Interpreter.ChildId(instanceId, child.Id, round), child.Program, ended));
                    }

                    break;
            }
        }

        await Task.WhenAll(tasks);
    }

    private async Task ServeChildAsync(Use parent, string instanceId, Recipe program, CancellationToken parentEnded)
    {
        if (await hub.BegunAsync(instanceId, parent, parentEnded) is not { } use)
        {
            return;
        }

        // The id must be known to the hub before: events to nobody are dropped.
        var terminating = program.Ending == Ending.Wait ? TerminateAsync(use, recursive: true) : Task.CompletedTask;
        await ServeUntilItEndsAsync(use, program);
        await terminating;
    }

    private async Task SendAsync(string instanceId, Node node, int first, int end, CancellationToken ended)
    {
        for (int i = first; i < end && !ended.IsCancellationRequested; i++)
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

    /// <summary>False for one whose id may be something else's by now.</summary>
    protected virtual bool MayBeTerminated(Use use) => true;

    /// <summary>A change that would do harm to what has the id after this use.</summary>
    protected virtual Task ChangeAsync(Use use, Func<Task> change) => hub.ChangeAsync(change);

    private async Task TerminateAsync(Use use, bool recursive)
    {
        await PauseAsync();
        await PauseAsync();
        if (MayBeTerminated(use))
        {
            var options = new TerminateInstanceOptions(Model.TerminationOutput, recursive);
            await ChangeAsync(use, () => hub.Client.TerminateInstanceAsync(use.InstanceId, options));
        }
    }

    protected async Task DescendantsEndAsync(string instanceId)
    {
        foreach (var child in await hub.ChildrenOfAsync(instanceId))
        {
            await hub.EndAsync(child);
            await DescendantsEndAsync(child.InstanceId);
        }
    }

    protected Task PauseAsync() => Task.Delay(longestPause * chance.NextDouble(), time);
}
