using System.Text.Json;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.DurableTask.Simulation.Tests.Programs;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests.Checks;

/// <summary>What must hold when all has come to its end, whatever went wrong on the way.</summary>
internal sealed class FinalChecks(
    Scenario scenario, Settings settings, InMemoryStorage storage, Audit audit, Activities activities, int disruptions)
{
    public void Run()
    {
        var instances = storage.Instances.Values.ToArray();
        foreach (var instance in instances)
        {
            HasEndedAsExpected(instance.State);
            NothingIsLeftOf(instance);
            var history = instance.History.ConvertAll(HistorySerializer.DeserializeEvent);
            HistoryIsWhatWasCommitted(instance.State, history);
            HistoryChecks.IsWellFormed(instance.State, history);
            ReplayCheck.Reproduces(scenario, settings, instance.State, history, audit.InheritedStatusOf(instance.State.ExecutionId));
        }

        if (storage.Activities.Values.FirstOrDefault() is { } left)
        {
            throw new Violation("nothing is left over", $"activity {left.TaskId} of '{left.InstanceId}'");
        }

        InstancesAreAsManyAsTheModelSays();
        EntitiesDidEverythingOnce();
        ActivitiesRanAsOftenAsAllowed();
    }

    private void HasEndedAsExpected(InstanceState state)
    {
        if (!state.Status.IsTerminal())
        {
            throw new Violation("everything comes to its end", $"'{state.InstanceId}' is {state.Status}");
        }

        if (state.Name != Interpreter.OrchestratorName || (state.Status == OrchestrationStatus.Terminated && MayEndWithAnother(state)))
        {
            return;
        }

        var program = ProgramOf(state);
        var expected = Model.Run(program, CallerOf(program)?.Id ?? 0);
        string output = state.Status == OrchestrationStatus.Failed ? state.Failure!.ErrorMessage : state.Output ?? "";
        if (state.Status != expected.Status || output != $"{expected.Output}")
        {
            throw new Violation(
                "results are those of the model",
                $"'{state.InstanceId}' expected {expected.Status} {expected.Output}, got {state.Status} {output} {state.Failure}");
        }

        if (state.Status != OrchestrationStatus.Terminated && state.CustomStatus != expected.CustomStatus?.ToString())
        {
            throw new Violation(
                "results are those of the model",
                $"'{state.InstanceId}' expected the custom status {expected.CustomStatus}, got {state.CustomStatus}");
        }
    }

    /// <summary>True below an instance that was terminated with its sub-orchestrations.</summary>
    private bool MayEndWithAnother(InstanceState state)
    {
        while (state.ParentInstanceId is { } parent)
        {
            state = storage.Instances[parent].State;
            if (ProgramOf(state).Ending == Ending.Wait && scenario.Roots.All(root => root.InstanceId != parent || root.Recursive))
            {
                return true;
            }
        }

        return false;
    }

    private Recipe ProgramOf(InstanceState state) => scenario.Programs[JsonSerializer.Deserialize<Order>(state.Input!)!.Program];

    private Child? CallerOf(Recipe program) => scenario.Programs.Values.SelectMany(parent => parent.AllNodes).OfType<Child>()
        .FirstOrDefault(node => ReferenceEquals(node.Program, program));

    private static void NothingIsLeftOf(StoredInstance instance)
    {
        if (instance.Inbox.Count > 0)
        {
            throw new Violation("nothing is left over", $"{instance.Inbox.Count} messages of '{instance.State.InstanceId}'");
        }
    }

    private void HistoryIsWhatWasCommitted(InstanceState state, List<HistoryEvent> stored)
    {
        var committed = audit.HistoryOf(state.ExecutionId).Select(HistorySerializer.Serialize);
        if (!committed.SequenceEqual(stored.Select(HistorySerializer.Serialize), StringComparer.Ordinal))
        {
            throw new Violation("history is what was committed", $"'{state.InstanceId}'");
        }
    }

    /// <summary>A tree without a termination has exactly its instances; nothing was started twice, nothing was forgotten.</summary>
    private void InstancesAreAsManyAsTheModelSays()
    {
        foreach (var root in scenario.Roots.Where(root => !IsTerminatedSomewhere(root.Program)))
        {
            int found = storage.Instances.Values.Count(
                instance => RootOf(instance.State.InstanceId, instance.State.ParentInstanceId) .Equals(root));
            int expected = InstancesOf(root.Program);
            if (found != expected)
            {
                throw new Violation("sub-orchestrations run once", $"'{root.InstanceId}' expected {expected} instances, got {found}");
            }
        }
    }

    private static bool IsTerminatedSomewhere(Recipe program) =>
        program.Ending == Ending.Wait || program.AllNodes.OfType<Child>().Any(child => IsTerminatedSomewhere(child.Program));

    private static int InstancesOf(Recipe program) => 1 + (program.Rounds * program.AllNodes.Sum(node => node switch
    {
        Child child => InstancesOf(child.Program),
        Talk => 1,
        _ => 0,
    }));

    /// <summary>Every critical section added one to the entity that all share.</summary>
    private void EntitiesDidEverythingOnce()
    {
        if (scenario.Roots.Any(root => IsTerminatedSomewhere(root.Program)))
        {
            return;
        }

        var hub = new InMemoryTaskHub(TimeProvider.System, storage);
        var shared = hub.Entities.GetAsync(Counter.Shared.ToString(), withState: true).GetAwaiter().GetResult();
        int expected = scenario.Roots.Sum(root => SectionsOf(root.Program));
        if ((shared?.State ?? "0") != $"{expected}")
        {
            throw new Violation("entities do everything once", $"expected {expected} critical sections, got {shared?.State}");
        }
    }

    private static int SectionsOf(Recipe program) => program.Rounds * program.AllNodes.Sum(node => node switch
    {
        Section => 1,
        Child child => SectionsOf(child.Program),
        _ => 0,
    });

    private void ActivitiesRanAsOftenAsAllowed()
    {
        foreach (((string instanceId, var job), int runs) in activities.Runs)
        {
            int scheduled = scenario.Programs.Values.SelectMany(program => program.AllNodes).First(node => node.Id == job.Node) switch
            {
                Flaky flaky => flaky.Failures + 1,
                Broken broken => broken.Attempts,
                _ => 1,
            };

            // An instance that is run again under its id runs its activities again.
            scheduled *= CallerOf(ProgramOf(storage.Instances[instanceId].State))?.Attempts ?? 1;
            if (runs > scheduled + disruptions)
            {
                throw new Violation(
                    "activities run as often as faults explain",
                    $"{job} of '{instanceId}' was scheduled {scheduled} times and ran {runs} times, with {disruptions} faults");
            }
        }
    }

    private Root RootOf(string instanceId, string? parentId)
    {
        while (parentId is not null)
        {
            instanceId = parentId;
            parentId = storage.Instances[parentId].State.ParentInstanceId;
        }

        return scenario.Roots.First(root => root.InstanceId == instanceId);
    }
}
