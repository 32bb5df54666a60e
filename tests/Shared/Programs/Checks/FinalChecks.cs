using System.Text.Json;
using DurableTask.Core;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Entities;

namespace Heal.Shared.Tests.Programs.Checks;

/// <summary>What must hold when all has come to its end, whatever went wrong on the way.</summary>
/// <param name="instances">All of the scenario, by id.</param>
/// <param name="entityState">JSON; null for none.</param>
/// <param name="runs">How often each activity of each instance ran.</param>
/// <param name="disruptions">How often something went wrong that lets an activity run once more.</param>
internal sealed class FinalChecks(
    Scenario scenario,
    IReadOnlyDictionary<string, EndedInstance> instances,
    Func<EntityInstanceId, string?> entityState,
    IReadOnlyDictionary<(string InstanceId, Job Job), int> runs,
    int disruptions,
    TimeSpan maximumTimerInterval)
{
    /// <summary>How many activities ran once more than they were scheduled.</summary>
    public int Extra { get; private set; }

    /// <exception cref="Violation">Something does not hold.</exception>
    public void Run()
    {
        foreach (var root in scenario.Roots)
        {
            Holds("everything comes to its end", instances.ContainsKey(root.InstanceId), $"there is no '{root.InstanceId}'");
        }

        foreach (var instance in instances.Values)
        {
            HasEndedAsExpected(instance.State);
            NothingIsLeftOf(instance);
            HistoryChecks.IsWellFormed(instance.State, instance.History);
            ReplayCheck.Reproduces(scenario, maximumTimerInterval, instance.State, instance.History);
        }

        InstancesAreAsManyAsTheModelSays();
        EntitiesDidEverythingOnce();
        ActivitiesRanAsOftenAsAllowed();
    }

    private static void Holds(string invariant, bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new Violation(invariant, otherwise);
        }
    }

    private void HasEndedAsExpected(InstanceState state)
    {
        if (!state.Status.IsTerminal())
        {
            throw new Violation("everything comes to its end", $"'{state.InstanceId}' is {state.Status}");
        }

        if (state.Name == Interpreter.TalkerName || (state.Status == OrchestrationStatus.Terminated && MayEndWithAnother(state)))
        {
            return;
        }

        var program = ProgramOf(state);
        ResultCheck.IsAsExpected(state, Model.Run(program, scenario.CallerOf(program)?.Id ?? 0));
    }

    /// <summary>True below an instance that was terminated with its sub-orchestrations.</summary>
    private bool MayEndWithAnother(InstanceState state)
    {
        while (state.ParentInstanceId is { } parent)
        {
            state = instances[parent].State;
            if (ProgramOf(state).Ending == Ending.Wait && scenario.Roots.All(root => root.InstanceId != parent || root.Recursive))
            {
                return true;
            }
        }

        return false;
    }

    private Recipe ProgramOf(InstanceState state) => scenario.Programs[JsonSerializer.Deserialize<Order>(state.Input!)!.Program];

    private static void NothingIsLeftOf(EndedInstance instance) => Holds(
        "nothing is left over",
        instance is { Messages: 0, Activities: 0 },
        $"{instance.Messages} messages and {instance.Activities} activities of '{instance.State.InstanceId}'");

    /// <summary>A tree without a termination has exactly its instances; nothing was started twice, nothing was forgotten.</summary>
    private void InstancesAreAsManyAsTheModelSays()
    {
        foreach (var root in scenario.Roots.Where(root => !Model.IsTerminatedSomewhere(root.Program)))
        {
            int found = instances.Keys.Count(id => RootOf(id) == root);
            int expected = Model.InstancesOf(root.Program);
            Holds("sub-orchestrations run once", found == expected, $"'{root.InstanceId}' expected {expected} instances, got {found}");
        }
    }

    private void EntitiesDidEverythingOnce()
    {
        foreach (var state in instances.Values.Select(instance => instance.State).Where(RanToItsEnd))
        {
            var program = ProgramOf(state);
            foreach (var node in program.AllNodes)
            {
                if (node is EntityTalk or Section)
                {
                    HasCounted(Counter.Of(state.InstanceId, node), program.Rounds * (node is EntityTalk ? 6 : 1));
                }
            }
        }

        // Every critical section added one to the entity that all share.
        if (!scenario.Roots.Any(root => Model.IsTerminatedSomewhere(root.Program)))
        {
            HasCounted(scenario.Shared, scenario.Roots.Sum(root => Model.SectionsOf(root.Program)));
        }
    }

    private void HasCounted(EntityInstanceId entity, int expected)
    {
        string state = entityState(entity) ?? "0";
        Holds("entities do everything once", state == $"{expected}", $"'{entity}' expected {expected}, got {state}");
    }

    private bool RanToItsEnd(InstanceState state) =>
        state.Name == scenario.ProgramName && state.Status is OrchestrationStatus.Completed or OrchestrationStatus.Failed;

    private void ActivitiesRanAsOftenAsAllowed()
    {
        foreach (var state in instances.Values.Select(instance => instance.State).Where(state => state.Name == scenario.ProgramName))
        {
            var program = ProgramOf(state);
            foreach (var node in program.AllNodes.Where(node => node is Work or Flaky or Broken))
            {
                for (int round = 0; round < program.Rounds; round++)
                {
                    RanAsOftenAsAllowed(state, new Job(node.Id, round), Model.TimesOf(node), scenario.CallerOf(program)?.Attempts ?? 1);
                }
            }
        }
    }

    /// <param name="executions">An instance that is run again under its id runs its activities again.</param>
    private void RanAsOftenAsAllowed(InstanceState state, Job job, int scheduled, int executions)
    {
        int times = runs.GetValueOrDefault((state.InstanceId, job));
        Extra += Math.Max(0, times - (scheduled * executions));
        int least = RanToItsEnd(state) ? scheduled : 0;
        Holds(
            "activities run as often as faults explain",
            times >= least && times <= (scheduled * executions) + disruptions,
            $"{job} of '{state.InstanceId}' was scheduled {scheduled} times in each of {executions} executions and ran {times} times, "
            + $"with {disruptions} faults");
    }

    private Root RootOf(string instanceId)
    {
        while (instances[instanceId].State.ParentInstanceId is { } parent)
        {
            instanceId = parent;
        }

        return scenario.Roots.First(root => root.InstanceId == instanceId);
    }
}
