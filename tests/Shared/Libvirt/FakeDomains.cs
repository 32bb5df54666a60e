using System.Globalization;
using System.Xml.Linq;
using Heal.Drivers.Libvirt;

namespace Heal.Shared.Tests;

/// <summary>The domains of <see cref="FakeLibvirtHost"/>. The second half of the type, what happens to guests by themselves, is in
/// FakeFaults.cs.</summary>
internal sealed partial class FakeDomains(FakeLibvirtHost host) : IDomains
{
    private const int NoDomain = 42;
    private const int NoSnapshot = 72;
    private const int Invalid = 55;
    private const int Failed = 9;
    private const int Missing = 38;

    private readonly Dictionary<Guid, FakeGuest> _guests = [];
    private int _lastId;
    private int _made;

    /// <summary>Image files that are not there, whatever pools say.</summary>
    public HashSet<string> MissingFiles { get; } = new(StringComparer.Ordinal);

    /// <summary>Adds a domain as if it had been there before anybody looked.</summary>
    public FakeGuest Add(string name, bool running = true, string? vm = null, string? xml = null)
    {
        lock (host.Gate)
        {
            var uuid = new Guid($"00000000-0000-0000-0000-{++_made:x12}");
            var document = host.Parse(xml ?? $"""
                <domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid><memory unit='KiB'>131072</memory><vcpu>1</vcpu>
                <on_crash>destroy</on_crash>
                <devices><disk type='file' device='disk'><source file='/images/{name}.qcow2'/><target dev='vda'/></disk></devices></domain>
                """);
            var guest = new FakeGuest((Guid?)document.Element("uuid") ?? uuid, name, document);
            _guests[guest.Uuid] = guest;
            if (vm is not null) Put(guest.Definition, "urn:heal:vm:1", "heal", vm);
            if (running) Boot(guest, "booted");
            return guest;
        }
    }

    public FakeGuest this[string name]
    {
        get
        {
            lock (host.Gate) return _guests.Values.First(guest => guest.Name == name);
        }
    }

    /// <summary>Whether a running guest has the image as a disk.</summary>
    public bool Writes(string path)
    {
        lock (host.Gate) return _guests.Values.Any(guest => guest.Runs && guest.Disks(guest.Live).Any(disk => disk.Path == path));
    }

    public bool Has(string name)
    {
        lock (host.Gate) return _guests.Values.Any(guest => guest.Name == name);
    }

    public Task<IReadOnlyList<DomainRecord>> ListAsync(CancellationToken cancellationToken = default) =>
        host.CallAsync<IReadOnlyList<DomainRecord>>("List", false, () => [.. _guests.Values.Select(guest => guest.Record)],
            cancellationToken);

    public Task<DomainRecord?> FindAsync(string name, CancellationToken cancellationToken = default) =>
        host.CallAsync("Find", false, () => _guests.Values.FirstOrDefault(guest => guest.Name == name)?.Record, cancellationToken);

    public Task<DomainRecord?> FindAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync("Find", false, () => _guests.GetValueOrDefault(uuid)?.Record, cancellationToken);

    public Task<string> GetXmlAsync(Guid uuid, bool inactive, CancellationToken cancellationToken = default) =>
        host.CallAsync("GetXml", false,
            () => Get(uuid) is var guest && inactive ? guest.Definition.ToString() : (guest.Live ?? guest.Definition).ToString(),
            cancellationToken);

    public Task<IReadOnlyList<DomainStats>> GetStatsAsync(CancellationToken cancellationToken = default) =>
        host.CallAsync<IReadOnlyList<DomainStats>>("GetStats", false, () =>
        {
            foreach (var guest in _guests.Values) guest.AdvanceCounters();
            return
            [
                .. _guests.Values.Where(guest => guest.Runs).Select(guest => new DomainStats(
                    guest.Uuid, guest.Name, new Dictionary<string, object>(guest.Counters, StringComparer.Ordinal))),
            ];
        }, cancellationToken);

    public Task<DomainRecord> DefineAsync(string xml, CancellationToken cancellationToken = default) =>
        host.CallAsync("Define", true, () =>
        {
            var document = host.Parse(xml);
            if (document.Name.LocalName != "domain" || (string?)document.Element("name") is not { Length: > 0 } name)
            {
                throw host.Refusal(92, "XML document failed to validate against schema");
            }

            var uuid = (Guid?)document.Element("uuid") ?? new Guid($"00000000-0000-0000-0001-{++_made:x12}");
            if (_guests.Values.FirstOrDefault(guest => guest.Name == name && guest.Uuid != uuid) is { } other)
            {
                throw host.Refusal(Failed, $"operation failed: domain '{name}' already exists with uuid {other.Uuid}");
            }

            document.SetElementValue("uuid", uuid.ToString());
            var isNew = !_guests.TryGetValue(uuid, out var known);
            if (known is not null && known.Name != name)
            {
                throw host.Refusal(Failed, $"operation failed: domain '{known.Name}' is already defined with uuid {uuid}");
            }

            var defined = known ?? (_guests[uuid] = new FakeGuest(uuid, name, document));
            (defined.Definition, defined.Persistent) = (document, true);
            Lifecycle(defined, "defined", isNew ? "added" : "updated");
            return defined.Record;
        }, cancellationToken);

    public Task UndefineAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync("Undefine", true, () =>
        {
            var guest = Get(uuid);
            Lifecycle(guest, "undefined", "removed");
            guest.Snapshots.Clear();
            guest.HasManagedSave = false;
            if (guest.Runs) guest.Persistent = false;
            else _guests.Remove(uuid);
        }, cancellationToken);

    public Task StartAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync("Start", true, () =>
        {
            var guest = Get(uuid);
            if (guest.Runs) throw host.Refusal(Invalid, "Requested operation is not valid: domain is already running");
            foreach (var (_, path) in guest.Disks(guest.Definition))
            {
                if (MissingFiles.Contains(path) || host.Pools.Lacks(path))
                {
                    throw host.Refusal(Missing, $"Cannot access storage file '{path}': No such file or directory");
                }
            }

            var restored = guest.HasManagedSave;
            guest.HasManagedSave = false;
            Boot(guest, restored ? "restored" : "booted");
        }, cancellationToken);

    public Task ShutdownAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync("Shutdown", true, () =>
        {
            var guest = Running(uuid);
            if (guest.ObeysShutdown && guest.IsUp) PowerOff(guest);
        }, cancellationToken);

    public Task RebootAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync("Reboot", true, () =>
        {
            var guest = Running(uuid);
            if (guest.ObeysShutdown && guest.IsUp) Reset(guest);
        }, cancellationToken);

    public Task ResetAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync("Reset", true, () => Reset(Running(uuid)), cancellationToken);

    public Task DestroyAsync(Guid uuid, bool graceful = false, CancellationToken cancellationToken = default) =>
        host.CallAsync("Destroy", true, () =>
        {
            var guest = Running(uuid);
            if (graceful) Lifecycle(guest, "shutdown", "host");
            Stop(guest, "destroyed", "destroyed");
        }, cancellationToken);

    public Task SuspendAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync("Suspend", true, () =>
        {
            var guest = Running(uuid);
            (guest.State, guest.Reason) = (DomainState.Paused, "user");
            Lifecycle(guest, "suspended", "paused");
        }, cancellationToken);

    public Task ResumeAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync("Resume", true, () =>
        {
            var guest = Running(uuid);
            if (guest.State != DomainState.Paused) throw host.Refusal(Invalid,
                "Requested operation is not valid: domain is already running");
            (guest.State, guest.Reason) = (DomainState.Running, "unpaused");
            Lifecycle(guest, "resumed", "unpaused");
            if (guest.BootsWhenResumed) BootAgain(guest);
            // What failed the write is still there: the guest runs into it at once.
            if (guest.DiskErrors.Count > 0 && guest.Disks().Any(disk => IsBroken(disk.Path))) PauseOnIoError(guest);
            else guest.DiskErrors.Clear();
        }, cancellationToken);

    public Task SetAutostartAsync(Guid uuid, bool autostart, CancellationToken cancellationToken = default) =>
        host.CallAsync("SetAutostart", true, () => Get(uuid).Autostart = autostart, cancellationToken);

    public Task<string?> GetMetadataAsync(Guid uuid, string ns, CancellationToken cancellationToken = default) =>
        host.CallAsync("GetMetadata", false, () =>
        {
            var guest = Get(uuid);
            var found = (guest.Live ?? guest.Definition).Element("metadata")?.Elements()
                .FirstOrDefault(element => element.Name.NamespaceName == ns);
            return found is null ? null : WithNamespace(found, XNamespace.None).ToString(SaveOptions.DisableFormatting);
        }, cancellationToken);

    public Task SetMetadataAsync(Guid uuid, string ns, string prefix, string? xml, CancellationToken cancellationToken = default) =>
        host.CallAsync("SetMetadata", true, () =>
        {
            var guest = Get(uuid);
            Put(guest.Definition, ns, prefix, xml);
            if (guest.Live is { } live) Put(live, ns, prefix, xml);
        }, cancellationToken);

    public Task<IReadOnlyList<DiskError>> GetDiskErrorsAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync<IReadOnlyList<DiskError>>("GetDiskErrors", false, () => [.. Running(uuid).DiskErrors], cancellationToken);

    public Task<BlockInfo> GetBlockInfoAsync(Guid uuid, string disk, CancellationToken cancellationToken = default) =>
        host.CallAsync("GetBlockInfo", false, () =>
        {
            var path = Get(uuid).Disks().FirstOrDefault(item => item.Disk == disk || item.Path == disk).Path
                ?? throw host.Refusal(8, $"invalid argument: invalid path {disk} not assigned to domain");
            if (MissingFiles.Contains(path) || host.Pools.Lacks(path))
            {
                throw host.Refusal(Missing, $"Failed to open file '{path}': No such file or directory");
            }

            return host.Pools.Volume(path) is { } volume
                ? new BlockInfo(volume.Capacity, volume.Allocation, volume.Allocation)
                : new BlockInfo(1L << 30, 1L << 28, 1L << 28);
        }, cancellationToken);

    public Task<DomainJob?> GetJobAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync("GetJob", false, () => Get(uuid).Job, cancellationToken);

    public Task AbortJobAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync("AbortJob", true, () =>
        {
            var guest = Running(uuid);
            if (guest.Job is null) throw host.Refusal(Invalid, "Requested operation is not valid: no job is active on the domain");
            guest.Job = null;
        }, cancellationToken);

    public Task<string?> AskAgentAsync(Guid uuid, string command, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        host.CallAsync("AskAgent", false, () => Get(uuid) is { HasAgent: true, IsUp: true } ? "{\"return\":{}}" : null, cancellationToken);

    internal FakeGuest Get(Guid uuid) => _guests.GetValueOrDefault(uuid) ?? throw new LibvirtNotFoundException(
        host.Name, NoDomain, 10, $"Domain not found: no domain with matching uuid '{uuid}'");

    private FakeGuest Running(Guid uuid) =>
        Get(uuid) is { Runs: true } guest ? guest : throw host.Refusal(Invalid, "Requested operation is not valid: domain is not running");

    private static void Put(XElement document, string ns, string prefix, string? xml)
    {
        var metadata = document.Element("metadata");
        metadata?.Elements().Where(element => element.Name.NamespaceName == ns).Remove();
        if (xml is null) return;
        if (metadata is null) document.Add(metadata = new XElement("metadata"));
        var element = WithNamespace(XElement.Parse(xml), ns);
        element.SetAttributeValue(XNamespace.Xmlns + prefix, ns);
        metadata.Add(element);
    }

    // As libvirt does it: callers write and read plain elements, the document holds them under their namespace.
    private static XElement WithNamespace(XElement element, XNamespace ns) => new(
        ns + element.Name.LocalName,
        element.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration),
        element.Nodes().Select(node => node is XElement child ? WithNamespace(child, ns) : node));

    private void Lifecycle(FakeGuest guest, string kind, string detail) =>
        host.Raise(new LifecycleEvent(host.Now, guest.Uuid, guest.Name, kind, detail));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
