using Heal.Activities;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>Puts the healer's orchestrators and activities into a registry.</summary>
public static class HealerTasks
{
    /// <summary>Adds all of them but the activity <see cref="ActivityNames.StartIncident"/>, which needs the durable client.</summary>
    public static DurableTaskRegistry AddHealerTasks(this DurableTaskRegistry registry) => registry
        .AddHealerActivities()
        .AddAllGeneratedTasks();
}
