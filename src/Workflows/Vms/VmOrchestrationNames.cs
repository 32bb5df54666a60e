namespace Heal.Workflows;

/// <summary>The names of the orchestrations of virtual machines. Part of the history of running instances: never rename one. All are
/// scheduled under <see cref="Healing.VmIdentity.InstanceId"/>: one per machine at a time, whatever it does.</summary>
public static class VmOrchestrationNames
{
    /// <summary>In <see cref="Healing.VmCreation"/>, custom status <see cref="Healing.VmProgress"/>, out
    /// <see cref="Healing.VmOutcome"/>.</summary>
    public const string CreateVm = "CreateVm";

    /// <summary>In <see cref="Healing.VmRemoval"/>; else as <see cref="CreateVm"/>.</summary>
    public const string DeleteVm = "DeleteVm";

    /// <summary>In <see cref="Healing.VmSwitch"/>; else as <see cref="CreateVm"/>.</summary>
    public const string SwitchVm = "SwitchVm";
}
