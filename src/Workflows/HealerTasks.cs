using Heal.Activities;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>Puts the healer's orchestrators and activities into a registry.</summary>
public static class HealerTasks
{
    /// <summary>Adds all of them but the activities <see cref="ActivityNames.StartIncident"/> and <see cref="ActivityNames.StartExpiry"/>,
    /// which need the durable client.</summary>
    public static DurableTaskRegistry AddHealerTasks(this DurableTaskRegistry registry) => registry
        .AddHealerActivities()
        .AddAllGeneratedTasks();
}
