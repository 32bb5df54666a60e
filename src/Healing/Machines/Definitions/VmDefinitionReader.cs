using System.Text.Json;

namespace Heal.Healing;

/// <summary>What a JSON text yields: a definition, or everything that is wrong with it.</summary>
/// <param name="Definition">Null when there are faults.</param>
/// <param name="Faults">At most <see cref="VmLimits.Faults"/>.</param>
public sealed record VmReading(VmDefinition? Definition, IReadOnlyList<VmFault> Faults);

/// <summary>Reads a definition from JSON. Nothing is ignored: unknown members are faults, and all faults are reported together.</summary>
public static class VmDefinitionReader
{
    private const int Depth = 16;

    /// <param name="id">The id that the definition is stored under; one in the text must agree. Null: the text must have one.</param>
    public static VmReading Read(ReadOnlyMemory<byte> json, string? id = null)
    {
        if (json.Length > VmLimits.DocumentBytes)
        {
            return Refuse(new VmFault(
                "$", $"{json.Length} bytes", $"at most {VmLimits.DocumentBytes}", "Put large files into an image or on a server."));
        }

        if (json.Span.Trim(" \t\r\n"u8).IsEmpty)
        {
            return Refuse(new VmFault("$", "nothing", "a JSON object", "Send the definition as the body of the request."));
        }

        try
        {
            var options = new JsonDocumentOptions { MaxDepth = Depth, AllowDuplicateProperties = false };
            using var document = JsonDocument.Parse(json, options);
            return Read(document.RootElement, id);
        }
        catch (JsonException e)
        {
            return Refuse(new VmFault(
                "$", $"text that is not JSON, in line {e.LineNumber + 1}", $"a JSON object, at most {Depth} levels deep, each member once",
                SafeText.Line(e.Message.Split(" LineNumber:")[0], 200))); // the place is said already, and counted from 1
        }
        catch (InvalidOperationException)
        {
            // a string with half a character: JSON allows to write it, .NET refuses to read it
            return Refuse(new VmFault("$", "text with half a character (a lone surrogate)", "valid Unicode", "Remove the \\u escape."));
        }
    }

    private static VmReading Refuse(VmFault fault) => new(null, [fault]);

    private static VmReading Read(JsonElement root, string? id)
    {
        var faults = new List<VmFault>();
        var top = new VmJsonObject(root, "$", faults);
        if (faults.Count > 0) return new VmReading(null, faults); // no object at all
        var definition = ReadTop(top, id);
        top.Close();
        faults.AddRange(VmDefinitionRules.Faults(definition, faults));
        return faults.Count == 0 ? new VmReading(definition, []) : new VmReading(null, [.. faults.Take(VmLimits.Faults)]);
    }

    private static VmDefinition ReadTop(VmJsonObject top, string? id)
    {
        var written = top.Text("id", VmLimits.IdLength, required: id is null);
        if (id is not null && written is not null && written != id)
        {
            top.Fault("$.id", $"\"{written}\"", $"\"{SafeText.Line(id, VmLimits.IdLength)}\", as in the address",
                "Leave it out or make both the same.");
        }

        var host = top.Text("host", VmLimits.NameLength);
        var placement = top.Child("placement", item => item.Texts("hosts", VmLimits.Hosts, VmLimits.NameLength) as IReadOnlyList<string>);
        if (host is not null && placement is not null)
        {
            top.Fault("$.placement", "both host and placement", "one of them", "Name one host, or several in placement.hosts.");
        }

        return new VmDefinition(
            id ?? written ?? "",
            top.Text("name", VmLimits.NameLength),
            host is null ? placement ?? [] : [host],
            top.Whole("vcpus", 1, VmLimits.Vcpus, required: true) ?? 1,
            top.Size("memory", VmLimits.MinimumMemoryBytes, VmLimits.MaximumMemoryBytes, required: true) ?? VmLimits.MinimumMemoryBytes,
            ReadPlatform(top),
            top.List("disks", VmLimits.Disks, ReadDisk),
            top.List("interfaces", VmLimits.Interfaces, ReadInterface),
            new VmDevices(
                top.Choice<VmWatchdog>("watchdog"), top.Flag("pvpanic"), top.Flag("guestAgent") ?? false,
                top.Text("consoleLog", VmLimits.PathLength), top.Choice<VmOnCrash>("onCrash") ?? VmOnCrash.Destroy),
            top.Child("cloudInit", ReadSeed),
            top.Labels("metadata"),
            top.Flag("autostart") ?? false,
            top.Choice<VmDesired>("desired") ?? VmDesired.Running,
            top.Choice<Autonomy>("autonomy") ?? Autonomy.Observe);
    }

    private static VmPlatform ReadPlatform(VmJsonObject top) => new(
        top.Text("os", 200),
        top.Choice<VmType>("type") ?? VmType.Kvm,
        top.Text("architecture", 32),
        top.Text("machine", VmLimits.NameLength),
        top.Choice<VmFirmware>("firmware") ?? VmFirmware.Bios,
        top.Choice<VmCpuMode>("cpu"),
        top.Child("boot", item => new VmBoot(
            item.Text("kernel", VmLimits.PathLength, required: true) ?? "/", item.Text("initrd", VmLimits.PathLength),
            item.Text("commandLine", VmLimits.PathLength))));

    private static VmDisk ReadDisk(VmJsonObject item) => new(
        item.Text("pool", VmLimits.NameLength, required: true) ?? "?",
        item.Size("size", VmLimits.MinimumDiskBytes, VmLimits.MaximumDiskBytes),
        item.Text("volume", VmLimits.LabelLength),
        item.Choice<VmDiskFormat>("format"),
        item.Choice<VmDiskBus>("bus"),
        item.Child("backing", ReadImage),
        item.Flag("readOnly") ?? false,
        item.Child("copyOf", ReadImage));

    private static VmBacking ReadImage(VmJsonObject item) =>
        new(item.Text("pool", VmLimits.NameLength), item.Text("volume", VmLimits.LabelLength, required: true) ?? "?");

    private static VmNic ReadInterface(VmJsonObject item) => new(
        item.Text("network", VmLimits.NameLength), item.Text("bridge", VmLimits.NameLength), item.Flag("user") ?? false,
        item.Choice<VmNicModel>("model"), item.Text("mac", VmLimits.NameLength));

    private static VmSeed ReadSeed(VmJsonObject item) => new(
        item.Text("pool", VmLimits.NameLength), item.Text("hostname", VmLimits.NameLength),
        item.Text("userData", VmLimits.SeedTextBytes), item.Text("networkConfig", VmLimits.SeedTextBytes));
}
