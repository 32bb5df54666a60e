using DurableTask.Core;
using Heal.DurableTask.Simulation.Tests.Checks;
using Heal.DurableTask.Simulation.Tests.Faults;
using Heal.DurableTask.Simulation.Tests.Programs;
using Heal.DurableTask.Simulation.Tests.World;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Simulation.Tests;

/// <summary>
/// The outside world: starts the roots, sends events, suspends, resumes, terminates, rewinds, waits for the ends, and uses ids again.
/// </summary>
/// <param name="longestPause">Between two of its actions.</param>
/// <param name="exists">Whether the hub knows an instance.</param>
/// <param name="childrenOf">The sub-orchestrations of an instance.</param>
internal sealed class Driver(
    DurableTaskClient client,
    Scenario scenario,
    Activities activities,
    Lives lives,
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
        var start = root.StartAfter > TimeSpan.Zero ? time.GetUtcNow() + root.StartAfter : (DateTimeOffset?)null;
        await StartAsync(root.InstanceId, root.Program, new StartOrchestrationOptions(root.InstanceId, start));
        var living = LiveAsync(root.InstanceId, root.Program, root);
        var sides = new List<Task>();
        foreach (var sequel in root.Sequels)
        {
            if (sequel.How != Again.Replace)
            {
                await living;
            }

            string instanceId = await FollowAsync(root.InstanceId, sequel);
            if (sequel.How == Again.Purge)
            {
                continue;
            }

            sides.Add(living);
            living = LiveAsync(instanceId, sequel.Program, root with { Suspensions = 0 });
            if (sequel.How == Again.RestartAside)
            {
                await living;
            }
        }

        sides.Add(living);
        await Task.WhenAll(sides);
        await DescendantsEndAsync(root.InstanceId);
    }

    /// <summary>What becomes of an id after its use.</summary>
    /// <returns>The id that the sequel's program runs under.</returns>
    private async Task<string> FollowAsync(string instanceId, Sequel sequel)
    {
        var options = new StartOrchestrationOptions(instanceId);
        switch (sequel.How)
        {
            case Again.Reuse:
                await StartAsync(instanceId, sequel.Program, options);
                return instanceId;
            case Again.Replace:
                await PauseAsync();
                lives.Current(instanceId)!.MayBeReplaced = true;
                await StartAsync(instanceId, sequel.Program, options.WithDedupeStatuses());
                return instanceId;
            case Again.Purge:
                await PurgeAsync(instanceId);
                return instanceId;
            case Again.PurgeAndReuse:
                await PurgeAsync(instanceId);
                await StartAsync(instanceId, sequel.Program, options);
                return instanceId;
            case Again.PurgeWhileReused:
                await Task.WhenAll(TryPurgeAsync(instanceId), StartAsync(instanceId, sequel.Program, options));
                return instanceId;
            default:
                // Its sub-orchestrations come again under the same ids.
                await DescendantsEndAsync(instanceId);
                return await RestartAsync(instanceId, sequel.How == Again.RestartAside);
        }
    }

    private Task<string> StartAsync(string instanceId, Recipe program, StartOrchestrationOptions options) => CreateAsync(async () =>
    {
        await client.ScheduleNewOrchestrationInstanceAsync(Interpreter.OrchestratorName, new Order(program.Id, 0, 0), options);
        return instanceId;
    });

    private Task<string> RestartAsync(string instanceId, bool aside) =>
        CreateAsync(() => client.RestartAsync(instanceId, restartWithNewInstanceId: aside));

    /// <summary>Purges a whole tree, and looks whether anything of it is left.</summary>
    private async Task PurgeAsync(string instanceId)
    {
        await DescendantsEndAsync(instanceId);
        var tree = lives.All.Where(life => life.Root.InstanceId == instanceId).Select(life => life.InstanceId).ToHashSet();
        await ReadAsync(() => client.PurgeInstanceAsync(instanceId, new PurgeInstanceOptions(Recursive: true)));
        if (tree.FirstOrDefault(exists) is { } left)
        {
            throw new Violation("a purge leaves nothing", $"'{instanceId}' was purged with all below it, but there is '{left}'");
        }
    }

    /// <summary>Purges once: whoever tries again would purge the one that follows.</summary>
    private async Task TryPurgeAsync(string instanceId)
    {
        try
        {
            await client.PurgeInstanceAsync(instanceId);
        }
        catch (Exception refused) when (refused is HubAwayException or InvalidOperationException)
        {
            world.Trace.Write($"no purge of {instanceId}");
        }
    }

    /// <summary>An instance's life, with all that the outside world has to do for it.</summary>
    private async Task LiveAsync(string instanceId, Recipe program, Root root)
    {
        var life = lives.Current(instanceId)!;
        var asides = new List<Task> { ServeUntilItEndsAsync(life, program) };
        if (root.Suspensions > 0)
        {
            asides.Add(SuspendAsync(root));
        }

        if (program.Ending == Ending.Wait)
        {
            asides.Add(TerminateAsync(life, root.Recursive));
        }

        await Task.WhenAll(asides);
        if (program.FragileJobs > 0)
        {
            await RewindUntilItCompletesAsync(life, program);
        }
    }

    /// <summary>Each rewind mends at least one thing, but for the one that comes too early.</summary>
    private async Task RewindUntilItCompletesAsync(Life life, Recipe program)
    {
        bool isTooEarly = world.Chance.Next(3) == 0;
        for (int left = program.FragileJobs + (isTooEarly ? 1 : 0); life.End == OrchestrationStatus.Failed; left--)
        {
            if (left == 0)
            {
                throw new Violation("every rewind gets on", $"'{life.InstanceId}' failed again after {life.Rewinds} rewinds");
            }

            if (!isTooEarly)
            {
                activities.Repair(program);
            }

            isTooEarly = false;
            await RewindAsync(life);
        }
    }

    private async Task RewindAsync(Life life)
    {
        await PauseAsync();
        await WriteAsync(() => client.RewindInstanceAsync(life.InstanceId, "repaired"));
        await EndAsync(life);
    }

    private async Task ServeUntilItEndsAsync(Life life, Recipe program)
    {
        using var ended = new CancellationTokenSource();
        var serving = ServeAsync(life, program, ended.Token);
        await EndAsync(life);

        // Of one that was terminated, some sub-orchestrations never came to be: nobody waits for them any more.
        ended.Cancel();
        await serving;
    }

    /// <summary>Waits for the end, or for the next one under the id: what that comes to, others wait for.</summary>
    private async Task EndAsync(Life life)
    {
        using var gone = new CancellationTokenSource();
        var seen = ReadAsync(() => client.WaitForInstanceCompletionAsync(life.InstanceId, gone.Token));
        if (await Task.WhenAny(seen, life.Gone) == seen)
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

    /// <summary>Sends an instance all the events that it waits for, and does so for its sub-orchestrations whose ids are known.</summary>
    private async Task ServeAsync(Life life, Recipe program, CancellationToken ended)
    {
        string instanceId = life.InstanceId;
        int firstRound = life.Order?.Round ?? 0;
        var tasks = new List<Task>();
        foreach (var node in program.AllNodes)
        {
            switch (node)
            {
                case Events events:
                    tasks.Add(SendAsync(instanceId, node, events.Count * firstRound, events.Count * program.Rounds, ended));
                    break;
                case ConcurrentEvents events:
                    tasks.Add(SendAsync(instanceId, node, events.Count * firstRound, events.Count * program.Rounds, ended));
                    break;
                case EventInTime:
                    tasks.Add(SendAsync(instanceId, node, firstRound, program.Rounds, ended));
                    break;
                case Child { OwnId: true } child:
                    for (int round = firstRound; round < program.Rounds; round++)
                    {
                        tasks.Add(ServeChildAsync(life, Interpreter.ChildId(instanceId, child.Id, round), child.Program, ended));
                    }

                    break;
            }
        }

        await Task.WhenAll(tasks);
    }

    private async Task ServeChildAsync(Life parent, string instanceId, Recipe program, CancellationToken parentEnded)
    {
        Life life;
        try
        {
            // The id must be known to the hub: events to nobody are dropped.
            life = await lives.BegunAsync(instanceId, parent, parentEnded);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await ReadAsync(() => client.WaitForInstanceStartAsync(instanceId));
        var terminating = program.Ending == Ending.Wait ? TerminateAsync(life, recursive: true) : Task.CompletedTask;
        await ServeUntilItEndsAsync(life, program);
        await terminating;
    }

    private async Task SendAsync(string instanceId, Node node, int first, int end, CancellationToken ended)
    {
        for (int i = first; i < end && !ended.IsCancellationRequested; i++)
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

    private async Task TerminateAsync(Life life, bool recursive)
    {
        await PauseAsync();
        await PauseAsync();

        // The one that replaces it must not be ended in its place.
        if (!life.MayBeReplaced)
        {
            await WriteAsync(() => client.TerminateInstanceAsync(
                life.InstanceId, new TerminateInstanceOptions(TerminationOutput, recursive)));
        }
    }

    private async Task DescendantsEndAsync(string instanceId)
    {
        foreach (string child in childrenOf(instanceId))
        {
            await EndAsync(lives.Current(child)!);
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

    /// <summary>Creates an instance once, by calls of which only one creates something.</summary>
    private async Task<string> CreateAsync(Func<Task<string>> call)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (HubAwayException lost)
            {
                if (lost.Created is { } instanceId)
                {
                    return instanceId;
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
