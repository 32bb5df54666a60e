using System.Globalization;
using DurableTask.Core;
using DurableTask.Core.Hub;
using Heal.Shared.Tests.Programs;
using Heal.Shared.Tests.Programs.Checks;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests.Checks;

/// <summary>What must hold when a run has come to its end, of all that ever lived in it.</summary>
/// <param name="activities">How often each activity of each instance ran.</param>
/// <param name="disruptions">How often something went wrong that lets an activity run once more.</param>
internal sealed class RunChecks(
    Scenario scenario,
    InMemoryStorage storage,
    Lives lives,
    IReadOnlyDictionary<(string InstanceId, Job Job), int> activities,
    int disruptions)
{
    public void Run()
    {
        foreach (var instance in storage.Instances.Values)
        {
            HasEnded(instance.State);
            NothingHappenedAfterTheEndOf(instance);
        }

        if (storage.Activities.Values.FirstOrDefault() is { } left)
        {
            throw new Violation("nothing is left over", $"activity {left.TaskId} of '{left.InstanceId}'");
        }

        InstancesAreAsManyAsTheModelSays();
        EntitiesDidEverythingOnce();
        ActivitiesRanAsOftenAsAllowed();
    }

    private static void HasEnded(InstanceState state)
    {
        if (!state.Status.IsTerminal())
        {
            throw new Violation("everything comes to its end", $"'{state.InstanceId}' is {state.Status}");
        }
    }

    private void NothingHappenedAfterTheEndOf(StoredInstance instance)
    {
        var life = lives.Of(instance.State.ExecutionId);
        if (instance.State.Status != life.End || instance.History.Count != life.EventsAtEnd || instance.Inbox.Count > 0)
        {
            throw new Violation(
                "an end is final",
                $"'{life.InstanceId}' was {life.End} after {life.EventsAtEnd} events, and is {instance.State.Status} after "
                + $"{instance.History.Count} with {instance.Inbox.Count} messages");
        }
    }

    /// <summary>A tree without a termination has exactly its instances; nothing was started twice, nothing was forgotten.</summary>
    private void InstancesAreAsManyAsTheModelSays()
    {
        foreach (var root in lives.All.Where(life => life.Parent is null && !IsTerminatedSomewhere(life)))
        {
            int found = lives.All.Where(life => life.Root == root).DistinctBy(life => life.InstanceId).Count();
            int expected = Model.InstancesOf(ProgramOf(root), root.FirstRound);
            if (found < expected || (found > expected && !MayRepeat(root)))
            {
                throw new Violation("sub-orchestrations run once", $"'{root.InstanceId}' expected {expected} instances, got {found}");
            }
        }
    }

    /// <summary>
    /// True where a rewind does again what had been done: it must, where failures were handled (decision 10). It takes all failed tasks out
    /// of the history at once, since those that fail an orchestration together cannot be told from one that is handled. So it also rewinds
    /// a sub-orchestration whose failure its parent handled, beside the one that counts; that one fails by itself again, which makes the
    /// rewind go back to before the failures that it had handled, and do again what came after them, sub-orchestrations and all.
    /// </summary>
    private bool MayRepeat(Life root) =>
        HandlesFailures(ProgramOf(root)) && lives.All.Any(life => life.Root == root && life.Rewinds > 0);

    private static bool HandlesFailures(Recipe program) => program.AllNodes.Any(node => node switch
    {
        Flaky or Broken => true,
        Child child => child.Program.Ending == Ending.Throw || HandlesFailures(child.Program),
        _ => false,
    });

    private bool IsTerminatedSomewhere(Life root) => root.MayBeReplaced || Model.IsTerminatedSomewhere(ProgramOf(root));

    private Recipe ProgramOf(Life life) => scenario.Programs[life.Order!.Program];

    /// <summary>Every critical section added one to the entity that all share.</summary>
    private void EntitiesDidEverythingOnce()
    {
        var roots = lives.All.Where(life => life.Parent is null).ToArray();
        if (roots.Any(IsTerminatedSomewhere))
        {
            return;
        }

        var hub = new InMemoryTaskHub(TimeProvider.System, storage);
        var shared = hub.Entities.GetAsync(scenario.Shared.ToString(), withState: true).GetAwaiter().GetResult();
        int expected = roots.Sum(root => Model.SectionsOf(ProgramOf(root), root.FirstRound));
        long found = long.Parse(shared?.State ?? "0", CultureInfo.InvariantCulture);
        if (found < expected || (found > expected && !roots.Any(MayRepeat)))
        {
            throw new Violation("entities do everything once", $"expected {expected} critical sections, got {found}");
        }
    }

    private void ActivitiesRanAsOftenAsAllowed()
    {
        foreach (((string instanceId, var job), int runs) in activities)
        {
            var node = scenario.NodeOf(job.Node);

            // A rewind tries again what had failed, and nothing else.
            int scheduled = lives.All
                .Where(life => life.InstanceId == instanceId && life.Order is not null && ProgramOf(life).AllNodes.Contains(node))
                .Sum(life => node switch
                {
                    Flaky flaky => (flaky.Failures + 1) * (life.Rewinds + 1),
                    Broken broken => broken.Attempts * (life.Rewinds + 1),
                    Fragile => life.Rewinds + 1,
                    _ => 1,
                });
            if (runs > scheduled + disruptions)
            {
                throw new Violation(
                    "activities run as often as faults explain",
                    $"{job} of '{instanceId}' was scheduled {scheduled} times and ran {runs} times, with {disruptions} faults");
            }
        }
    }
}
