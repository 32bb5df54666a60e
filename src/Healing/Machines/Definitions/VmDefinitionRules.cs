using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Heal.Healing;

/// <summary>What a definition must keep to, whatever host it goes to. All faults together.</summary>
internal static partial class VmDefinitionRules
{
    private static readonly string[] Architectures = ["x86_64", "i686", "aarch64"];

    /// <param name="already">Faults of the reading: what was not readable is not judged a second time.</param>
    public static IReadOnlyList<VmFault> Faults(VmDefinition definition, IReadOnlyList<VmFault> already)
    {
        var judge = new Judge(definition);
        judge.Identity();
        judge.Platform();
        for (var i = 0; i < definition.Disks.Count; i++) judge.Disk(definition.Disks[i], $"$.disks[{i}]");
        for (var i = 0; i < definition.Interfaces.Count; i++) judge.Interface(definition.Interfaces[i], $"$.interfaces[{i}]");
        judge.Together();
        judge.Seed();
        return [.. judge.Faults.Where(fault => !already.Any(old => IsAbout(old.Subject, fault.Subject)))];
    }

    /// <summary>True for an id that files, instances and attributes can carry.</summary>
    public static bool IsId(string id) => id.Length <= VmLimits.IdLength && Id().IsMatch(id);

    // A fault of $.disks[0].pool hides later ones of the same place, and one of $.disks[0] those of its members.
    private static bool IsAbout(string old, string subject) =>
        subject == old || (subject.StartsWith(old, StringComparison.Ordinal) && old != "$" && subject[old.Length] is '.' or '[');

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?\\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Id();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]*\\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Word();

    [GeneratedRegex(
        "^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\\z",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex HostName();

    private sealed class Judge(VmDefinition vm)
    {
        public List<VmFault> Faults { get; } = [];

        public void Identity()
        {
            Check(IsId(vm.Id), "$.id", vm.Id,
                $"1 to {VmLimits.IdLength} of a-z, 0-9 and hyphens, beginning and ending with a letter or digit",
                "Choose another id; the name may be freer.");
            Check(vm.Name is null || IsName(vm.Name), "$.name", vm.Name,
                "printable text without '/', not blank at its ends, not '.' or '..'",
                "libvirt makes file names of it.");
            foreach (var host in vm.Hosts)
            {
                Check(Word().IsMatch(host), "$.placement.hosts", host, "the name of a configured host", "See Heal:Libvirt:Hosts.");
            }

            foreach (var twice in vm.Hosts.GroupBy(host => host, StringComparer.Ordinal).Where(group => group.Count() > 1))
            {
                Fault("$.placement.hosts", $"'{twice.Key}' {twice.Count()} times", "each host once", "Remove the repetition.");
            }
        }

        public void Platform()
        {
            var platform = vm.Platform;
            var architecture = VmNormaliser.ArchitectureOf(platform);
            Check(Architectures.Contains(architecture), "$.architecture", architecture, "one of " + string.Join(", ", Architectures),
                "Other architectures are not supported.");
            Check(platform.Machine is null || Word().IsMatch(platform.Machine), "$.machine", platform.Machine,
                "a machine type of letters, digits, dots, hyphens", "See `virsh capabilities`.");
            Check(platform.Os is null || !platform.Os.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)), "$.os", platform.Os,
                "an osinfo id or short id", "See `osinfo-query os`.");
            var needsKvm = platform.CpuMode is VmCpuMode.HostModel or VmCpuMode.HostPassthrough;
            Rule(!needsKvm || platform.Type == VmType.Kvm, "$.cpu", "the host's CPU without KVM", "\"maximum\", or type \"kvm\"",
                "An emulator cannot pass the host's CPU on.");
            Rule(platform.Firmware == VmFirmware.Bios || (platform.Type != VmType.Test && architecture is "x86_64" or "aarch64"),
                "$.firmware", "uefi", "bios", "UEFI needs QEMU on x86_64 or aarch64.");
            Rule(platform.Firmware == VmFirmware.Uefi || architecture != "aarch64", "$.firmware", "bios", "uefi",
                "There is no BIOS on aarch64.");
            if (platform.Boot is { } boot)
            {
                Path("$.boot.kernel", boot.Kernel);
                Path("$.boot.initrd", boot.Initrd);
                Rule(boot.CommandLine?.Contains('\n') != true, "$.boot.commandLine", "a line break", "one line", "Write it on one line.");
            }

            var isX86 = architecture is "x86_64" or "i686";
            Rule(vm.Devices.Watchdog is null || isX86, "$.watchdog", "a watchdog", "none on this architecture", "Remove it.");
            Rule(vm.Devices.Pvpanic != true || isX86, "$.pvpanic", "true", "false on this architecture", "Remove it.");
            Path("$.consoleLog", vm.Devices.ConsoleLog);
            Rule(vm.Disks.Count > 0 || platform.Boot is not null || platform.Type == VmType.Test, "$.disks", "no disk and no kernel",
                "something to boot from", "Add a disk, or boot.kernel.");
        }

        public void Disk(VmDisk disk, string path)
        {
            Check(IsName(disk.Pool), $"{path}.pool", disk.Pool, "the name of a storage pool", "See `virsh pool-list`.");
            if (disk.Volume is { } volume)
            {
                Check(IsName(volume), $"{path}.volume", volume, "the name of a volume, not a path", "See `virsh vol-list`.");
                Rule(disk.SizeBytes is null, $"{path}.size", "a size of a volume that exists", "no size",
                    "Leave out size to use the volume, or leave out volume to make one.");
                Rule(disk.Backing is null, $"{path}.backing", "a backing image for a volume that exists", "none",
                    "Leave out volume to make an overlay.");
                Rule(disk.CopyOf is null, $"{path}.copyOf", "a copy into a volume that exists", "none",
                    "Leave out volume to make a copy.");
            }
            else
            {
                var hasImage = disk.Backing is not null || disk.CopyOf is not null;
                Rule(disk.SizeBytes is not null || hasImage, path, "neither size nor backing nor copyOf nor volume", "one of them",
                    "Say how large the disk is, of which image, or which volume it is.");
                Rule(!disk.ReadOnly || hasImage, $"{path}.readOnly", "true for a new, empty disk", "false",
                    "Nobody could ever write to it.");
            }

            if (disk.Backing is { } backing)
            {
                Rule(disk.Format is null or VmDiskFormat.Qcow2, $"{path}.format", "raw with a backing image", "qcow2",
                    "Only qcow2 can be an overlay.");
                Rule(disk.CopyOf is null, $"{path}.copyOf", "a copy and a backing image", "one of them",
                    "An overlay of the image is made at once, a copy needs nothing of it afterwards.");
                Image($"{path}.backing", backing);
            }

            if (disk.CopyOf is { } source) Image($"{path}.copyOf", source);

            Rule(disk.Bus != VmDiskBus.Ide || VmNormaliser.MachineOf(vm.Platform)?.StartsWith("pc", StringComparison.Ordinal) == true,
                $"{path}.bus", "ide on a machine without it", "sata, or machine \"pc\"", "q35 and virt have no IDE.");
            Rule(!disk.ReadOnly || disk.Bus is null or VmDiskBus.Virtio or VmDiskBus.Scsi, $"{path}.readOnly", "true on this bus",
                "bus virtio or scsi", "IDE and SATA disks cannot be read-only.");
        }

        private void Image(string path, VmBacking image)
        {
            Check(IsName(image.Volume), $"{path}.volume", image.Volume, "the name of a volume", "See `virsh vol-list`.");
            Check(image.Pool is null || IsName(image.Pool), $"{path}.pool", image.Pool, "the name of a storage pool",
                "See `virsh pool-list`.");
        }

        public void Interface(VmNic nic, string path)
        {
            var ways = (nic.Network is null ? 0 : 1) + (nic.Bridge is null ? 0 : 1) + (nic.User ? 1 : 0);
            Rule(ways == 1, path, ways == 0 ? "no network" : "more than one network", "one of network, bridge and user",
                "Say what it is connected to.");
            Check(nic.Network is null || IsName(nic.Network), $"{path}.network", nic.Network, "the name of a virtual network",
                "See `virsh net-list`.");
            Check(nic.Bridge is null || (Word().IsMatch(nic.Bridge) && nic.Bridge.Length <= 15), $"{path}.bridge", nic.Bridge,
                "the name of a bridge, up to 15 characters", "See `ip link`.");
            Check(nic.Mac is null || VmIdentity.IsUsableMac(nic.Mac), $"{path}.mac", nic.Mac,
                "a unicast address such as 52:54:00:12:34:56", "Leave it out to have one derived.");
        }

        public void Together()
        {
            var macs = vm.Interfaces.Select((nic, i) => (Mac: nic.Mac?.ToLowerInvariant() ?? VmIdentity.Mac(vm.Id, i), i));
            foreach (var twice in macs.GroupBy(pair => pair.Mac, StringComparer.Ordinal).Where(group => group.Count() > 1))
            {
                Fault($"$.interfaces[{twice.Last().i}].mac", twice.Key, "an address of its own", "Each interface needs its own.");
            }

            var volumes = vm.Disks.Select((disk, i) => (Key: disk.Volume is null ? null : $"{disk.Pool}/{disk.Volume}", i));
            foreach (var twice in volumes.Where(pair => pair.Key is not null).GroupBy(pair => pair.Key, StringComparer.Ordinal)
                .Where(group => group.Count() > 1))
            {
                Fault($"$.disks[{twice.Last().i}].volume", twice.Key!, "a volume of its own", "Two disks on one volume destroy it.");
            }
        }

        public void Seed()
        {
            if (vm.CloudInit is not { } seed) return;
            Rule(seed.Pool is not null || vm.Disks.Count > 0, "$.cloudInit.pool", "nothing", "a storage pool",
                "There is no disk whose pool the seed could share.");
            Check(seed.Pool is null || IsName(seed.Pool), "$.cloudInit.pool", seed.Pool, "the name of a storage pool",
                "See `virsh pool-list`.");
            var host = seed.HostName ?? vm.Name ?? vm.Id;
            Check(HostName().IsMatch(host), "$.cloudInit.hostname", host, "letters, digits, hyphens and dots",
                "Give a hostname; the machine's name is none.");
            Check(seed.UserData is null || IsUserData(seed.UserData), "$.cloudInit.userData", seed.UserData,
                "text that begins with #cloud-config, #! or a MIME header", "cloud-init ignores anything else.");
            foreach (var (name, text) in new[] { ("userData", seed.UserData), ("networkConfig", seed.NetworkConfig) })
            {
                var bytes = text is null ? 0 : Encoding.UTF8.GetByteCount(text);
                Rule(bytes <= VmLimits.SeedTextBytes, $"$.cloudInit.{name}", $"{bytes} bytes", $"at most {VmLimits.SeedTextBytes}",
                    "Have cloud-init fetch what is large.");
            }
        }

        private void Path(string subject, string? path) => Check(
            path is null || (path.StartsWith('/') && path.Length > 1 && !path.Any(char.IsControl) && !path.Split('/').Contains("..")),
            subject, path, "an absolute path without '..'", "It is a path on the host.");

        private void Rule(bool holds, string subject, string found, string expected, string advice)
        {
            if (!holds) Fault(subject, found, expected, advice);
        }

        /// <param name="found">The value, which is quoted; <see cref="Rule"/> takes words of ours.</param>
        private void Check(bool holds, string subject, string? found, string expected, string advice)
        {
            if (!holds) Fault(subject, $"\"{SafeText.Line(found, 60)}\"", expected, advice);
        }

        private void Fault(string subject, string found, string expected, string advice) =>
            Faults.Add(new VmFault(subject, found, expected, advice));

        private static bool IsUserData(string text) =>
            text.StartsWith('#') || text.StartsWith("Content-Type:", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("MIME-Version:", StringComparison.OrdinalIgnoreCase);

        private static bool IsName(string name) =>
            name.Length > 0 && name.Trim() == name && name is not ("." or "..") && name != "?"
            && !name.Any(c => char.IsControl(c) || c == '/' || char.GetUnicodeCategory(c) is UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
    }
}
