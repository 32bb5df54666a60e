using DurableTask.Core;
using Heal.DurableTask.Simulation.Tests.Checks;
using Heal.DurableTask.Simulation.Tests.Faults;
using Heal.DurableTask.Simulation.Tests.World;
using Heal.Shared.Tests.Programs;
using Heal.Shared.Tests.Programs.Checks;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests;

/// <summary>The outside world of a simulation: it also uses ids again and rewinds what has failed.</summary>
internal sealed class SimDriver : Driver
{
    private readonly SimAccess _access;
    private readonly Scenario _scenario;
    private readonly Repairs _repairs;
    private readonly Lives _lives;
    private readonly InMemoryStorage _storage;
    private readonly SimWorld _world;

    public SimDriver(
        SimAccess access,
        Scenario scenario,
        Repairs repairs,
        Lives lives,
        InMemoryStorage storage,
        SimWorld world,
        TimeProvider time,
        TimeSpan longestPause)
        : base(access, scenario, world.Chance, time, longestPause)
    {
        _access = access;
        _scenario = scenario;
        _repairs = repairs;
        _lives = lives;
        _storage = storage;
        _world = world;
    }

    protected override async Task RunAsync(Root root)
    {
        var living = LiveAsync(await BeginAsync(root), root.Program, root);
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
            living = LiveAsync(_lives.Current(instanceId)!, sequel.Program, root with { Suspensions = 0 });
            if (sequel.How == Again.RestartAside)
            {
                // Nobody else waits for what it leaves behind: it has another id than the root.
                await living;
                await DescendantsEndAsync(instanceId);
            }
        }

        sides.Add(living);
        await Task.WhenAll(sides);
        await DescendantsEndAsync(root.InstanceId);
    }

    protected override async Task LiveAsync(Use use, Recipe program, Root root)
    {
        await base.LiveAsync(use, program, root);
        if (program.FragileJobs > 0)
        {
            await RewindUntilItCompletesAsync((Life)use, program);
        }
    }

    /// <summary>The one that replaces it must not be ended in its place.</summary>
    protected override bool MayBeTerminated(Use use) => !((Life)use).MayBeReplaced;

    protected override Task ChangeAsync(Use use, Func<Task> change) => ((Life)use).Change = base.ChangeAsync(use, change);

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
                var replaced = _lives.Current(instanceId)!;
                replaced.MayBeReplaced = true;
                await replaced.Change;
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

    private Task<string> StartAsync(string instanceId, Recipe program, StartOrchestrationOptions options) => _access.CreateAsync(async () =>
    {
        await _access.Client.ScheduleNewOrchestrationInstanceAsync(_scenario.ProgramName, new Order(program.Id, 0, 0), options);
        return instanceId;
    });

    private Task<string> RestartAsync(string instanceId, bool aside) =>
        _access.CreateAsync(() => _access.Client.RestartAsync(instanceId, restartWithNewInstanceId: aside));

    /// <summary>Purges a whole tree, and looks whether anything of it is left.</summary>
    private async Task PurgeAsync(string instanceId)
    {
        await DescendantsEndAsync(instanceId);
        var tree = _lives.All.Where(life => life.Root.InstanceId == instanceId).Select(life => life.InstanceId).ToHashSet();
        await _access.ReadAsync(() => _access.Client.PurgeInstanceAsync(instanceId, new PurgeInstanceOptions(Recursive: true)));
        if (tree.FirstOrDefault(_storage.Instances.ContainsKey) is { } left)
        {
            throw new Violation("a purge leaves nothing", $"'{instanceId}' was purged with all below it, but there is '{left}'");
        }
    }

    /// <summary>Purges once: whoever tries again would purge the one that follows.</summary>
    private async Task TryPurgeAsync(string instanceId)
    {
        try
        {
            await _access.Client.PurgeInstanceAsync(instanceId);
        }
        catch (Exception refused) when (refused is HubAwayException or InvalidOperationException)
        {
            _world.Trace.Write($"no purge of {instanceId}");
        }
    }

    /// <summary>Each rewind mends at least one thing, but for the one that comes too early.</summary>
    private async Task RewindUntilItCompletesAsync(Life life, Recipe program)
    {
        bool isTooEarly = _world.Chance.Next(3) == 0;
        for (int left = program.FragileJobs + (isTooEarly ? 1 : 0); MayBeRewound(life); left--)
        {
            if (left == 0)
            {
                throw new Violation("every rewind gets on", $"'{life.InstanceId}' failed again after {life.Rewinds} rewinds");
            }

            if (!isTooEarly)
            {
                _repairs.Repair(program);
            }

            isTooEarly = false;
            await RewindAsync(life);
        }
    }

    private async Task RewindAsync(Life life)
    {
        await PauseAsync();
        if (!MayBeRewound(life))
        {
            return;
        }

        try
        {
            await _access.ChangeAsync(() => _access.Client.RewindInstanceAsync(life.InstanceId, "repaired"));
        }
        catch (InvalidOperationException) when (life.MayBeReplaced)
        {
            // What has its id by now has not failed.
            return;
        }

        await _access.EndAsync(life);
    }

    private static bool MayBeRewound(Life life) => life is { End: OrchestrationStatus.Failed, MayBeReplaced: false };
}
