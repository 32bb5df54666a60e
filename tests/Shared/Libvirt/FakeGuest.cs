using System.Xml.Linq;
using Heal.Drivers.Libvirt;

namespace Heal.Shared.Tests;

/// <summary>A domain of <see cref="FakeLibvirtHost"/>. Tests read it, and say how the guest in it behaves.</summary>
internal sealed class FakeGuest(Guid uuid, string name, XElement definition)
{
    public Guid Uuid { get; } = uuid;

    public string Name { get; } = name;

    /// <summary>What the next start takes.</summary>
    public XElement Definition { get; set; } = definition;

    /// <summary>What runs; null when nothing does.</summary>
    public XElement? Live { get; set; }

    public int? Id { get; set; }

    public DomainState State { get; set; } = DomainState.ShutOff;

    public string Reason { get; set; } = "unknown";

    public bool Persistent { get; set; } = true;

    public bool Autostart { get; set; }

    public bool HasManagedSave { get; set; }

    public List<FakeSnapshot> Snapshots { get; } = [];

    public List<DiskError> DiskErrors { get; } = [];

    public DomainJob? Job { get; set; }

    /// <summary>The guest powers off when asked to; else it lets the request pass.</summary>
    public bool ObeysShutdown { get; set; } = true;

    /// <summary>The guest reaches its userspace after a start or reset; else its counters stand still and no agent answers.</summary>
    public bool Boots { get; set; } = true;

    /// <summary>An agent runs in the guest once it has booted.</summary>
    public bool HasAgent { get; set; }

    /// <summary>A guest that has booted and hangs since: its vCPUs spin, nothing else moves.</summary>
    public bool Hangs { get; set; }

    /// <summary>It was reset while it was paused.</summary>
    public bool BootsWhenResumed { get; set; }

    /// <summary>Starts and resets that this guest has seen: how often a boot took place.</summary>
    public int Boot { get; set; }

    /// <summary>A running guest lets a device go when asked to.</summary>
    public bool LetsDevicesGo { get; set; } = true;

    public Dictionary<string, object> Counters { get; } = new(StringComparer.Ordinal);

    public bool Runs => State is DomainState.Running or DomainState.Blocked or DomainState.Paused or DomainState.ShuttingDown
        or DomainState.Crashed && Id is not null;

    public bool IsUp => State == DomainState.Running && Boots && !Hangs;

    public DomainRecord Record => new(
        Uuid, Name, Runs ? Id : null, State, Reason, Persistent, Autostart, HasManagedSave, Kib("memory") ?? 1024, Kib("currentMemory")
            ?? Kib("memory") ?? 1024, (int)((long?)(Live ?? Definition).Element("vcpu") ?? 1));

    /// <summary>The image files of the disks, by target device.</summary>
    public IEnumerable<(string Disk, string Path)> Disks(XElement? of = null) =>
        from disk in ((of ?? Live ?? Definition).Element("devices")?.Elements("disk")) ?? []
        let path = (string?)disk.Element("source")?.Attribute("file") ?? (string?)disk.Element("source")?.Attribute("dev")
        where path is not null
        select ((string?)disk.Element("target")?.Attribute("dev") ?? "", path);

    public void AdvanceCounters()
    {
        if (State != DomainState.Running) return;
        // A guest that hangs in a loop spins; one that never booted waits with its CPU halted.
        if (Boots) Add("vcpu.0.time", 100_000_000);
        Counters["vcpu.current"] = 1;
        Counters["balloon.current"] = Record.MemoryKib;
        Counters["balloon.maximum"] = Record.MaxMemoryKib;
        Counters["state.state"] = (int)State;
        if (!IsUp) return;
        Add("block.0.rd.bytes", 4096);
        Add("block.0.wr.bytes", 4096);
        Add("net.0.rx.bytes", 512);
        Add("net.0.tx.bytes", 512);
    }

    private void Add(string counter, long amount) => Counters[counter] = (Counters.GetValueOrDefault(counter) as long? ?? 0) + amount;

    private long? Kib(string element)
    {
        if ((Live ?? Definition).Element(element) is not { } found) return null;
        var factor = (string?)found.Attribute("unit") switch
        {
            "b" or "bytes" => 1d / 1024,
            "MiB" or "M" => 1024,
            "GiB" or "G" => 1024 * 1024,
            _ => 1,
        };
        return (long)((long)found * factor);
    }
}

internal sealed record FakeSnapshot(string Name, string? Parent, DateTimeOffset At, DomainState State, XElement Definition, bool External);
