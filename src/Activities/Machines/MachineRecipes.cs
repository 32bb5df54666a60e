namespace Heal.Activities;

/// <summary>Every recipe for what lives on libvirt hosts. The list in <c>docs/libvirt-actions.md</c> is written from it.</summary>
internal static class MachineRecipes
{
    public static IReadOnlyList<IRecipe> All { get; } =
    [
        new VmStart(),
        new VmReset(),
        new VmRestart(),
        new VmResumeAfterIo(),
        new VmShutdown(),
        new VmDestroy(),
        new VmSnapshot(),
        new VmRevert(),
        new VmLiveMigrate(),
        new VmAbortMigration(),
        new VmResize(),
        new VmBalloon(),
        new VmDisk(attaches: true),
        new VmDisk(attaches: false),
        new PoolRefresh(),
        new PoolReclaim(),
        new RestartLibvirtd(),
        new HostEvacuate(),
        new HostMaintenanceOn(),
        new HostMaintenanceOff(),
        new VmRemoveCopy(),
    ];

    public static IRecipe Find(string id) => All.First(recipe => recipe.Descriptor.Id == id);
}
