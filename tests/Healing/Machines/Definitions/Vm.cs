using System.Text;
using System.Xml.Linq;

namespace Heal.Healing.Tests;

/// <summary>Definitions for tests, and short ways from JSON to what comes of it.</summary>
internal static class Vm
{
    public const string Web = """
        {
          "vcpus": 2, "memory": "2GiB", "os": "debian11",
          "disks": [{ "pool": "default", "size": "10GiB" }],
          "interfaces": [{ "network": "default" }]
        }
        """;

    public static VmReading Read(string json, string? id = "web-1") => VmDefinitionReader.Read(Encoding.UTF8.GetBytes(json), id);

    public static VmDefinition Definition(string json = Web, string id = "web-1")
    {
        var reading = Read(json, id);
        Assert.True(reading.Definition is not null, string.Join("\n", reading.Faults));
        return reading.Definition;
    }

    public static VmBlueprint Blueprint(string json = Web, string id = "web-1", OsCatalogue? catalogue = null) =>
        VmNormaliser.Normalise(Definition(json, id), catalogue ?? OsCatalogue.Empty).Blueprint;

    public static XDocument Xml(VmBlueprint vm)
    {
        var locations = vm.Disks.Select(disk => new VolumeLocation(disk.Pool, disk.Volume, $"/pools/{disk.Pool}/{disk.Volume}", false));
        if (vm.Seed is { } seed) locations = locations.Append(new VolumeLocation(seed.Pool, seed.Volume, $"/pools/{seed.Volume}", false));
        return DomainXml.Of(vm, [.. locations]);
    }
}
