using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>What a real guest finds on the disks that were made for it, and what UEFI leaves on a real host.</summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(RealVmTests))]
public sealed class RealVmDiskTests : IAsyncLifetime
{
    private const string UserData = "#cloud-config\nhostname: größe\nruncmd:\n- echo \"<&> 'hello'\"\n";
    private readonly string _id = $"vm-{Guid.NewGuid():n}"[..16];
    private readonly string _golden = $"golden-{Guid.NewGuid():n}"[..20];
    private LiveVms _vms = null!;

    public async Task InitializeAsync()
    {
        _vms = await LiveVms.StartAsync(
            LibvirtRig.Uri, ("Heal:Vms:PoolOvercommit", "100"), ("Heal:Vms:PoolMarginPercent", "0"),
            ("Heal:Vms:HostMemoryReserveMib", "0"));
    }

    public async Task DisposeAsync()
    {
        await _vms.DeleteAsync(_id, force: true);
        if (await _vms.Libvirt.Storage.FindVolumeAsync("small", _golden) is not null)
        {
            await _vms.Libvirt.Storage.DeleteVolumeAsync("small", _golden);
        }

        await _vms.DisposeAsync();
    }

    [Fact]
    public async Task A_guests_kernel_reads_the_seed_and_the_full_copy_of_an_image()
    {
        // the image is a seed too, of another machine: so its contents can be read by the same guest
        var other = Blueprint("""{ "pool": "default", "userData": "#!/bin/sh\ntrue\n" }""", "[]");
        await _vms.Libvirt.Storage.CreateVolumeAsync(
            "small", $"<volume><name>{_golden}</name><capacity>{1 << 20}</capacity><target><format type='raw'/></target></volume>");
        await _vms.Libvirt.Storage.UploadAsync("small", _golden, CloudInitSeed.Image(other));

        var image = $$"""{ "pool": "small", "volume": "{{_golden}}" }""";
        var vm = Blueprint(
            $$"""{ "userData": "{{System.Text.Json.JsonEncodedText.Encode(UserData)}}", "networkConfig": "version: 2\n" }""",
            $$"""
            [{ "pool": "default", "size": "64MiB", "copyOf": {{image}} },
              { "pool": "default", "format": "raw", "size": "3MiB", "copyOf": {{image}} }]
            """);
        var made = await _vms.CreateAsync(vm);
        Assert.True(made.Kind == VmOutcomeKind.Created, $"{made.Kind}: {made.Detail}\n{string.Join('\n', made.Objections)}");

        // before the guest has read them: whole, as large as wanted, and without the image
        var volumes = (await _vms.Libvirt.Storage.ListVolumesAsync("default")).Where(volume => VmIdentity.IsVolumeOf(_id, volume.Name))
            .OrderBy(volume => volume.Name, StringComparer.Ordinal).ToList();
        Assert.Equal([1 << 20, 64 << 20, 3 << 20], volumes.Select(volume => volume.Capacity)); // seed, vda, vdb
        Assert.All(volumes, volume => Assert.Null(volume.BackingPath));
        await _vms.Libvirt.Storage.DeleteVolumeAsync("small", _golden);

        await LibvirtRig.SeesOnConsoleAsync(_id, "GUEST-SEED-READ");
        await LibvirtRig.SeesOnConsoleAsync(_id, "GUEST-SEED cidata has meta-data network-config user-data");
        await LibvirtRig.SeesOnConsoleAsync(_id, $"GUEST-SEED-USER-DATA {SumOf(UserData)} #cloud-config");
        await LibvirtRig.SeesOnConsoleAsync(_id, $"GUEST-SEED-USER-DATA {SumOf("#!/bin/sh\ntrue\n")} #!/bin/sh", times: 2);

        Assert.Equal(VmOutcomeKind.Deleted, (await _vms.DeleteAsync(_id, force: true)).Kind);
        await _vms.AssertNothingLeftAsync(_id);
    }

    [Fact]
    public async Task A_machine_with_uefi_boots_and_its_nvram_goes_with_it()
    {
        var vm = Blueprint(null, """[{ "pool": "default", "size": "16MiB" }]""", """, "firmware": "uefi" """);
        var made = await _vms.CreateAsync(vm);
        Assert.True(made.Kind == VmOutcomeKind.Created, $"{made.Kind}: {made.Detail}\n{string.Join('\n', made.Objections)}");

        var os = XDocument.Parse(await _vms.Libvirt.Domains.GetXmlAsync(vm.Uuid, inactive: false)).Root!.Element("os")!;
        Assert.Contains("OVMF", (string?)os.Element("loader"), StringComparison.OrdinalIgnoreCase);
        var nvram = LibvirtRig.OnFirstHost((string)os.Element("nvram")!);
        Assert.True(File.Exists(nvram), nvram);
        await LibvirtRig.SeesOnConsoleAsync(_id, "GUEST-USERSPACE");

        var deleted = await _vms.DeleteAsync(_id, force: true);

        Assert.True(deleted.Kind == VmOutcomeKind.Deleted, $"{deleted.Kind}: {deleted.Detail} {string.Join(' ', deleted.LeftBehind)}");
        Assert.False(File.Exists(nvram), nvram);
        await _vms.AssertNothingLeftAsync(_id);
    }

    private static string SumOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];

    private VmBlueprint Blueprint(string? seed, string disks, string more = "") => _vms.Blueprint(_id, $$"""
        { "vcpus": 1, "memory": "{{(more.Length > 0 ? 256 : 128).ToString(CultureInfo.InvariantCulture)}}MiB", "type": "qemu",
          "consoleLog": "{{LibvirtRig.ConsoleOf(_id)}}", "disks": {{disks}},
          "boot": { "kernel": "{{LibvirtRig.Images}}/vmlinuz-cloud", "initrd": "{{LibvirtRig.Images}}/initrd-cloud.gz",
            "commandLine": "console=ttyS0 mitigations=off no_timer_check heal.do=seed" }
          {{(seed is null ? "" : $", \"cloudInit\": {seed}")}} {{more}} }
        """);
}
