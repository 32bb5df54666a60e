using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Writes the seed's image into its volume. The same bytes each time: a repetition after a half-way upload mends it.</summary>
[DurableTask(VmActivityNames.FillVmSeed)]
internal sealed class FillVmSeedActivity(ManagedHosts hosts) : TaskActivity<VmOrder, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmOrder? input) => hosts.RunAsync(input!.Host, async host =>
    {
        var seed = input.Blueprint.Seed!;
        await host.Storage.UploadAsync(seed.Pool, seed.Volume, CloudInitSeed.Image(input.Blueprint));
        return $"{seed.Volume} written";
    });
}
