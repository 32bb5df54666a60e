using System.Text;

namespace Heal.Healing;

/// <summary>The seed of cloud-init's NoCloud source: a file system labelled "cidata" with meta-data, user-data and
/// network-config.</summary>
public static class CloudInitSeed
{
    public static byte[] Image(VmBlueprint vm)
    {
        var seed = vm.Seed ?? throw new ArgumentException("the blueprint has no seed", nameof(vm));
        var files = new List<(string, byte[])>
        {
            // the instance id is what makes cloud-init run its once-per-instance parts: the machine's own, so a repeated create is the same
            ("meta-data", Encoding.UTF8.GetBytes($"instance-id: {vm.Uuid:D}\nlocal-hostname: {seed.HostName}\n")),
            ("user-data", Encoding.UTF8.GetBytes(seed.UserData ?? "#cloud-config\n{}\n")),
        };
        if (seed.NetworkConfig is { } network) files.Add(("network-config", Encoding.UTF8.GetBytes(network)));
        return FatImage.Of("cidata", files);
    }
}
