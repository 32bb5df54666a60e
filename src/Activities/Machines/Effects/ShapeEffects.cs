using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Xml.Linq;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Changes one size of a domain from a known value to another.</summary>
/// <param name="What">One of <see cref="DomainSizes"/>.</param>
internal sealed record DomainSizeEffect(string Host, string Uuid, string Name, string What, long Old, long New)
    : DomainEffect(Host, Uuid, Name)
{
    [JsonIgnore]
    public override bool IsReversible => true;

    public override Effect? Inverse(JsonObject post) => this with { Old = New, New = Old };

    public override IReadOnlyList<string> Describe() =>
        [string.Create(CultureInfo.InvariantCulture, $"{Subject}: {What} {Old} -> {New}")];

    protected override async Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken)
    {
        var now = await DomainSizes.ReadAsync(host, domain, What, cancellationToken);
        if (now is null) return new Look(Sight.Gone, $"{Subject} does not run, so that it has no {What}");

        // A balloon gives memory back in steps, and may stop a little before. After a boot it moves by itself: that a guest which is to
        // have more has less than a moment ago is nobody's doing, that one which is to have less has more is somebody's.
        var isUnderWay = What == DomainSizes.Balloon && (New > Old ? now < New : now > New && now <= Old);
        if (now == New || (ours is { IsDone: true } && isUnderWay && Math.Abs(now.Value - New) < Math.Abs(Old - New)))
        {
            return ours is not null ? Look.Applied(null)
                : new Look(Sight.DoneByOther, $"somebody set {What} of {Subject} to just that meanwhile");
        }

        return now == Old || isUnderWay ? Look.NotApplied(new JsonObject { ["asked"] = ours is { IsDone: true } })
            : new Look(Sight.ChangedByOther,
                string.Create(CultureInfo.InvariantCulture, $"somebody set {What} of {Subject} to {now} meanwhile"));
    }

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        if (look.Live.IsTrue("asked")) return WriteAnswer.Later($"the guest has not followed yet with its {What}");
        switch (What)
        {
            case DomainSizes.Balloon:
                await host.Domains.SetMemoryAsync(Id, New, DomainScope.Running, cancellationToken);
                break;
            case DomainSizes.Memory:
                await host.Domains.SetMemoryAsync(Id, New, DomainScope.Definition, cancellationToken);
                break;
            case DomainSizes.MaxMemory:
                await host.Domains.SetMaxMemoryAsync(Id, New, cancellationToken);
                break;
            case DomainSizes.Vcpus:
                await host.Domains.SetVcpusAsync(Id, (int)New, DomainScope.Definition, cancellationToken: cancellationToken);
                break;
            default:
                await host.Domains.SetVcpusAsync(Id, (int)New, DomainScope.Running, cancellationToken: cancellationToken);
                break;
        }

        return WriteAnswer.Taken;
    }
}

/// <summary>The sizes of a domain that can be changed. Memory in KiB.</summary>
internal static class DomainSizes
{
    /// <summary>vCPUs of the definition.</summary>
    public const string Vcpus = "vcpus";

    /// <summary>vCPUs that are plugged in now.</summary>
    public const string LiveVcpus = "live-vcpus";

    /// <summary>Memory of the definition that the guest begins with.</summary>
    public const string Memory = "memory";

    /// <summary>The most that it may ever have.</summary>
    public const string MaxMemory = "max-memory";

    /// <summary>Memory that the balloon leaves to the guest now.</summary>
    public const string Balloon = "balloon";

    /// <returns>Null when there is none, because the domain does not run.</returns>
    public static async Task<long?> ReadAsync(ILibvirtHost host, DomainRecord domain, string what, CancellationToken cancellationToken)
    {
        if (what is Balloon or LiveVcpus)
        {
            if (domain.Id is null) return null;
            return what == Balloon ? domain.MemoryKib : domain.Vcpus;
        }

        var xml = SmallXml.Read(await host.Domains.GetXmlAsync(domain.Uuid, inactive: true, cancellationToken));
        return what switch
        {
            Vcpus => Number(xml?.Element("vcpu")?.Attribute("current")?.Value ?? xml?.Element("vcpu")?.Value),
            Memory => Kib(xml?.Element("currentMemory") ?? xml?.Element("memory")),
            _ => Kib(xml?.Element("memory")),
        };
    }

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static long? Kib(XElement? element) => Number(element?.Value) is not { } number ? null
        : (string?)element!.Attribute("unit") switch
        {
            "b" or "bytes" => number / 1024,
            "MiB" or "M" => number * 1024,
            "GiB" or "G" => number * 1024 * 1024,
            _ => number,
        };
}

/// <summary>Gives a domain a disk, or takes one away. Of a running domain the guest must let it go.</summary>
/// <param name="Device">The target device, for example vdb.</param>
/// <param name="Path">The image; a disk of this device with another image is another one.</param>
internal sealed record DomainDiskEffect(string Host, string Uuid, string Name, bool Attach, string Device, string Path, string Format)
    : DomainEffect(Host, Uuid, Name)
{
    private const string Alias = "alias";

    [JsonIgnore]
    public override bool IsReversible => true;

    public override Effect? Inverse(JsonObject post) => this with { Attach = !Attach };

    public override IReadOnlyList<string> Describe() => [$"{Subject}: disk {Device} ({Path}) {(Attach ? "attached" : "detached")}"];

    protected override async Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken)
    {
        var xml = SmallXml.Read(await host.Domains.GetXmlAsync(Id, inactive: domain.Id is null, cancellationToken));
        var now = MachineReader.Files(xml).FirstOrDefault(disk => disk.Device == Device).Path;
        if (now is not null && now != Path) return new Look(Sight.ChangedByOther, $"{Subject} has another image as {Device}: {now}");
        var isThere = now is not null;
        if (isThere == Attach)
        {
            return ours is not null ? Look.Applied(null)
                : new Look(Sight.DoneByOther, $"somebody {(Attach ? "attached" : "detached")} {Device} of {Subject} meanwhile");
        }

        return Look.NotApplied(new JsonObject
        {
            ["asked"] = ours is { IsDone: true }, [Alias] = MachineReader.AliasOf(xml, Device),
        });
    }

    // libvirt tells of the removal by alias, when the document does not have the device any more.
    protected override OperationMark MarkOf(string key, bool isDone, Look look) =>
        base.MarkOf(key, isDone, look) with { Removes = Attach ? null : (string?)look.Live?[Alias] ?? Device };

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        if (look.Live.IsTrue("asked")) return WriteAnswer.Later($"the guest has not let {Device} go yet");
        var xml = new XElement(
            "disk", new XAttribute("type", "file"), new XAttribute("device", "disk"),
            new XElement("driver", new XAttribute("name", "qemu"), new XAttribute("type", Format)),
            new XElement("source", new XAttribute("file", Path)),
            new XElement("target", new XAttribute("dev", Device), new XAttribute("bus", BusOf(Device)))).ToString();
        if (Attach) await host.Domains.AttachDeviceAsync(Id, xml, cancellationToken);
        else await host.Domains.DetachDeviceAsync(Id, xml, cancellationToken);
        return WriteAnswer.Taken;
    }

    private static string BusOf(string device) => device switch
    {
        ['v', ..] => "virtio",
        ['s', ..] => "scsi",
        _ => "ide",
    };
}

/// <summary>
/// Moves a running domain to another host, live. Where it runs proves it: on the target and not on the source. libvirt itself keeps two
/// copies from running.
/// </summary>
internal sealed record DomainMigrateEffect(
    string Host, string Uuid, string Name, int RunId, string Destination, bool Unsafe, int TimeoutSeconds) : DomainEffect(Host, Uuid, Name)
{
    [JsonIgnore]
    public override bool IsReversible => true;

    // The way back begins where it runs now: the run's id there is not known before, so that any run is meant.
    public override Effect? Inverse(JsonObject post) => this with { Host = Destination, Destination = Host, RunId = 0 };

    public override IReadOnlyList<string> Describe() => [$"{Subject}: moved to host {Destination}"];

    protected override Task<Look> WithoutDomainAsync(ActionTools tools, ILibvirtHost host, CancellationToken cancellationToken) =>
        ThereAsync(tools, cancellationToken);

    protected override async Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken)
    {
        if (domain.Id is null) return await ThereAsync(tools, cancellationToken);
        if (RunId != 0 && domain.Id != RunId) return new Look(Sight.ChangedByOther, $"{Subject} was started anew meanwhile");
        return Look.NotApplied(null);
    }

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        if (tools.Host(Destination) is not { } destination) return WriteAnswer.Refused($"libvirt host '{Destination}' is not configured");
        // A process that died left its migration under way, or libvirt has ended it with the connection.
        if (await host.Domains.GetJobAsync(Id, cancellationToken) is { } job) return WriteAnswer.Later(
            $"{Subject} is busy with {job.Operation}");
        var request = new MigrationRequest(
            destination, null, Live: true, Unsafe, UndefineSource: false, TimeSpan.FromSeconds(TimeoutSeconds));
        await host.Domains.MigrateAsync(Id, request, cancellationToken);
        return WriteAnswer.Taken;
    }

    private async Task<Look> ThereAsync(ActionTools tools, CancellationToken cancellationToken)
    {
        if (tools.Host(Destination) is not { } destination)
        {
            return new Look(Sight.Gone, $"libvirt host '{Destination}' is not configured any more");
        }

        return await destination.Domains.FindAsync(Id, cancellationToken) is { Id: not null } moved
            ? Run(moved) : new Look(Sight.Gone, $"{Subject} runs neither there nor on host {Destination}");
    }
}
