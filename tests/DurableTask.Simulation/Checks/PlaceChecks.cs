using DurableTask.Core;
using Heal.Shared.Tests.Programs;
using Heal.Shared.Tests.Programs.Checks;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests.Checks;

/// <summary>Concurrency limits, looked at whenever a lock or a turn may have taken a place.</summary>
/// <param name="now">By the hub's clock, which judges leases.</param>
internal sealed class PlaceChecks(Scenario scenario, Settings settings, InMemoryStorage storage, Func<DateTimeOffset> now)
{
    /// <exception cref="Violation">More has a place than there are.</exception>
    public void Run()
    {
        if (settings.ActivityPlaces is { } forActivities)
        {
            Holds(scenario.WorkName, forActivities, storage.Activities.Values.Count(activity =>
                activity.Name == scenario.WorkName && activity.LockedBy is not null && activity.VisibleAt > now()));
        }

        if (settings.OrchestrationPlaces is { } forOrchestrations)
        {
            Holds(Interpreter.TalkerName, forOrchestrations, storage.Instances.Values.Count(instance =>
                instance.State.Name == Interpreter.TalkerName
                && instance.State.Status is not OrchestrationStatus.Pending
                && !instance.State.Status.IsTerminal()));
        }
    }

    private static void Holds(string name, int places, int taken)
    {
        if (taken > places)
        {
            throw new Violation("never more than the limit", $"{taken} of '{name}' run at a time, {places} may");
        }
    }
}
