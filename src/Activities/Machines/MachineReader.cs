using System.Globalization;
using System.Xml.Linq;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Reads what one host shows. What a part refuses becomes a gap; a host that does not answer is for the caller.</summary>
internal sealed class MachineReader(ILibvirtHost host, MachineTools tools, List<string> gaps)
{
    /// <summary>Between two looks at a guest's counters.</summary>
    public static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    /// <summary>Looks until a guest of which nothing moves is believed to stand still.</summary>
    private const int Looks = 5;

    private const int MaxDisks = 16;
    private const string AgentChannel = "org.qemu.guest_agent.0";
    private const string Ping = """{"execute":"guest-ping"}""";
    private static readonly TimeSpan AgentTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The domain's own words: its state, its marks, and what was seen of it before.</summary>
    public static DomainEvidence Describe(
        DomainRecord domain, MachineMark? mark, OperationMark? operation, MachineRecord? before, XElement? xml, DateTimeOffset? hostSeenAt)
    {
        var runs = domain.Id is not null;
        // A domain that ran when the host was last heard of ran until then at least.
        var ranAt = before is null ? null
            : before.State is "shutoff" or "crashed" ? before.RanAt
            : hostSeenAt > before.RanAt ? hostSeenAt : before.RanAt;
        return new DomainEvidence(
            $"domain/{domain.Name}", domain.Uuid.ToString(), domain.Name, MachineObserver.StateOf(domain), domain.Reason, domain.Id,
            domain.Persistent, mark?.Desired, (string?)xml?.Element("on_crash"), domain.Vcpus, domain.MemoryKib, domain.MaxMemoryKib,
            domain.Id ?? before?.RunId, ranAt, runs ? null : before?.StoppedBy, operation);
    }

    /// <summary>The marks of the healer in the domain's metadata.</summary>
    public async Task<(MachineMark? Mark, OperationMark? Operation)> MarksAsync(Guid uuid, CancellationToken cancellationToken) => (
        MachineMark.Read(await host.Domains.GetMetadataAsync(uuid, MachineNames.VmNamespace, cancellationToken)),
        OperationMark.Read(await host.Domains.GetMetadataAsync(uuid, MachineNames.OperationNamespace, cancellationToken)));

    public async Task<XElement?> DocumentAsync(DomainRecord domain, CancellationToken cancellationToken)
    {
        var xml = SmallXml.Read(await host.Domains.GetXmlAsync(domain.Uuid, inactive: domain.Id is null, cancellationToken));
        if (xml is null) gaps.Add("the domain's document cannot be read");
        return xml;
    }

    /// <summary>What moved between two looks, a second apart, or more while nothing does; null when the guest is not among those that are
    /// counted.</summary>
    public async Task<GuestProgress?> ProgressAsync(Guid uuid, XElement? xml, CancellationToken cancellationToken)
    {
        if (await CountersAsync(uuid, cancellationToken) is not { } before) return null;
        var at = tools.Time.GetTimestamp();
        (long Vcpu, long? Block, long? Net, long? Sent, long? Told)? seen = null;
        for (var look = 0; look < Looks && (seen is null || Same(before, seen.Value)); look++)
        {
            await Task.Delay(BetweenLooks, tools.Time, cancellationToken);
            seen = await CountersAsync(uuid, cancellationToken);
            if (seen is null) return null;
        }

        return seen is { } after
            ? new GuestProgress(
                after.Vcpu - before.Vcpu, (after.Block ?? 0) - (before.Block ?? 0), (after.Net ?? 0) - (before.Net ?? 0), after.Block,
                after.Sent, tools.Time.GetElapsedTime(at))
            {
                TellsMemory = xml?.Element("devices")?.Element("memballoon")?.Element("stats")?.Attribute("period") is not null,
                MemoryToldAt = after.Told,
            }
            : null;
    }

    /// <summary>What the counters of a run say by now, as a beginning for <see cref="GuestProgress.Since"/>; null when the guest is not
    /// among those that are counted.</summary>
    public async Task<GuestProgress?> TotalsAsync(Guid uuid, CancellationToken cancellationToken) =>
        await CountersAsync(uuid, cancellationToken) is { } now
            ? new GuestProgress(0, 0, 0, now.Block, now.Sent, TimeSpan.Zero) { MemoryToldAt = now.Told } : null;

    private static bool Same(
        (long Vcpu, long? Block, long? Net, long? Sent, long? Told) before,
        (long Vcpu, long? Block, long? Net, long? Sent, long? Told) after) =>
        before.Vcpu == after.Vcpu && before.Block == after.Block && before.Net == after.Net;

    /// <summary>Null: there is no agent to be asked.</summary>
    public async Task<bool?> AgentAsync(Guid uuid, XElement? xml, CancellationToken cancellationToken)
    {
        var hasChannel = xml?.Element("devices")?.Elements("channel")
            .Any(channel => (string?)channel.Element("target")?.Attribute("name") == AgentChannel) == true;
        if (!hasChannel) return null;
        try
        {
            return await host.Domains.AskAgentAsync(uuid, Ping, AgentTimeout, cancellationToken) is not null;
        }
        catch (LibvirtException e) when (e is not (LibvirtUnreachableException or LibvirtForbiddenException))
        {
            return false;
        }
    }

    public async Task<(IReadOnlyList<DiskEvidence> Disks, IReadOnlyList<PoolEvidence> Pools)> StorageAsync(
        DomainRecord domain, XElement? xml, CancellationToken cancellationToken)
    {
        var pools = await PartAsync<IReadOnlyList<PoolEvidence>>("storage pools", [], () => PoolsAsync(cancellationToken));
        var errors = domain.Id is null ? []
            : await PartAsync<IReadOnlyList<DiskError>>("errors of disks", [], () =>
                host.Domains.GetDiskErrorsAsync(domain.Uuid, cancellationToken));
        var files = Files(xml).Take(MaxDisks).ToList();
        if (domain.State == DomainState.Paused && errors.Any(error => error.Error == "no-space"))
        {
            pools = await RecountAsync(pools, files.Where(file => errors.Any(error => error.Disk == file.Device)), cancellationToken);
        }

        var found = new List<DiskEvidence>();
        foreach (var (device, path) in files)
        {
            var (exists, info) = await BlockAsync(domain.Uuid, device, cancellationToken);
            var pool = PoolOf(pools, path);
            found.Add(new DiskEvidence(
                $"disk/{device}", device, path, exists, errors.FirstOrDefault(error => error.Disk == device)?.Error, pool?.Id,
                    info?.Capacity,
                info?.Allocation));
        }

        var used = found.Select(disk => disk.Pool).ToHashSet(StringComparer.Ordinal);
        return (found, [.. pools.Where(pool => used.Contains(pool.Id))]);
    }

    // libvirt counts a pool when it is told to, not when guests write to it or somebody makes room: without this nobody would see the room.
    // Only where a write found none: a pool whose storage hangs would keep its lock, and with that the list of all pools.
    private async Task<IReadOnlyList<PoolEvidence>> RecountAsync(
        IReadOnlyList<PoolEvidence> pools, IEnumerable<(string Device, string Path)> full, CancellationToken cancellationToken)
    {
        foreach (var pool in full.Select(disk => PoolOf(pools, disk.Path)).OfType<PoolEvidence>().Where(pool => pool.Active).Distinct())
        {
            await PartAsync($"the space of pool {pool.Name}", true, async () =>
            {
                await host.Storage.RefreshPoolAsync(pool.Name, cancellationToken);
                return true;
            });
        }

        return await PartAsync("storage pools", pools, () => PoolsAsync(cancellationToken));
    }

    private static PoolEvidence? PoolOf(IReadOnlyList<PoolEvidence> pools, string path) => pools
        .Where(item => item.Path is { Length: > 0 } root && path.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal))
        .MaxBy(item => item.Path!.Length);

    public async Task<IReadOnlyList<PoolEvidence>> PoolsAsync(CancellationToken cancellationToken) =>
        [.. (await host.Storage.ListPoolsAsync(cancellationToken)).Select(Describe)];

    public static PoolEvidence Describe(PoolRecord pool) => new(
        $"pool/{pool.Name}", pool.Name, pool.IsActive, pool.State, pool.Path, pool.Capacity, pool.Allocation, pool.Available);

    public async Task<JobEvidence?> JobAsync(Guid uuid, CancellationToken cancellationToken) =>
        await PartAsync("the domain's job", null, () => host.Domains.GetJobAsync(uuid, cancellationToken)) is { } job
            ? new JobEvidence(job.Operation, job.Elapsed, job.Remaining, job.DataTotal, job.DataRemaining) : null;

    public async Task<HypervisorEvidence> HostAsync(CancellationToken cancellationToken)
    {
        var info = await PartAsync("the host's description", null, async () => (HostInfo?)await host.GetInfoAsync(cancellationToken));
        var domains = await host.Domains.ListAsync(cancellationToken);
        var running = domains.Where(domain => domain.Id is not null).ToList();
        // Hidden memory makes libvirt's own number too small on some machines: the larger source is believed.
        long? memory = info is null ? null : Math.Max(info.MemoryBytes, info.KernelMemoryBytes ?? 0);
        return new HypervisorEvidence(
            $"host/{host.Name}", host.Name, true, null, tools.Time.GetUtcNow(), info?.LibvirtVersion.ToString(), info?.Cpus, memory,
            info?.FreeMemoryBytes, running.Count, domains.Count, running.Sum(domain => domain.MaxMemoryKib) * 1024)
        {
            Identity = info?.HostUuid,
            Maintenance = await MaintenanceAsync(cancellationToken),
        };
    }

    /// <summary>Null: nobody works on the host.</summary>
    public async Task<MaintenanceEvidence?> MaintenanceAsync(CancellationToken cancellationToken) =>
        (await tools.Memory.MaintenanceAsync(host.Name, tools.Time.GetUtcNow(), cancellationToken))?.Seen();

    /// <summary>The files and devices of the domain's disks, CD drives apart.</summary>
    public static IEnumerable<(string Device, string Path)> Files(XElement? xml) =>
        from disk in xml?.Element("devices")?.Elements("disk") ?? []
        where (string?)disk.Attribute("device") is null or "disk"
        let device = (string?)disk.Element("target")?.Attribute("dev")
        let path = (string?)disk.Element("source")?.Attribute("file") ?? (string?)disk.Element("source")?.Attribute("dev")
        where device is not null && path is not null
        select (SafeText.Line(device, 40), SafeText.Line(path, EvidenceLimits.MessageLength));

    /// <summary>What libvirt calls a disk of a running domain in its events; null when the document does not say.</summary>
    public static string? AliasOf(XElement? xml, string device) =>
        (string?)xml?.Element("devices")?.Elements("disk")
            .FirstOrDefault(disk => (string?)disk.Element("target")?.Attribute("dev") == device)?.Element("alias")?.Attribute("name");

    // libvirt opens the image: that it is not there is said in words only.
    private async Task<(bool? Exists, BlockInfo? Info)> BlockAsync(Guid uuid, string device, CancellationToken cancellationToken)
    {
        try
        {
            return (true, await host.Domains.GetBlockInfoAsync(uuid, device, cancellationToken));
        }
        catch (LibvirtException e) when (e is not (LibvirtUnreachableException or LibvirtTimeoutException))
        {
            if (e.Reason.Contains("No such file or directory", StringComparison.Ordinal)) return (false, null);
            Gap($"disk {device}", e);
            return (null, null);
        }
    }

    private async Task<(long Vcpu, long? Block, long? Net, long? Sent, long? Told)?> CountersAsync(Guid uuid,
        CancellationToken cancellationToken)
    {
        DomainStats? stats;
        try
        {
            stats = (await host.Domains.GetStatsAsync(cancellationToken)).FirstOrDefault(item => item.Uuid == uuid);
        }
        catch (LibvirtException e) when (e is not (LibvirtUnreachableException or LibvirtForbiddenException))
        {
            // One emulator that hangs, or answers nonsense, keeps the counters of all from being read. That says nothing of the host, which
            // has just answered.
            Gap("counters", e);
            return null;
        }

        if (stats is null) return null;
        return (
            Sum("vcpu.", ".time") ?? stats.Whole("cpu.time") ?? 0, Sum("block.", ".rd.bytes", ".wr.bytes"),
                Sum("net.", ".rx.bytes", ".tx.bytes"),
            Sum("net.", ".tx.bytes"), stats.Whole("balloon.last-update"));

        long? Sum(string prefix, params string[] suffixes)
        {
            var found = stats.Values.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)
                && suffixes.Any(suffix => key.EndsWith(suffix, StringComparison.Ordinal))).ToList();
            return found.Count == 0 ? null : found.Sum(key => stats.Whole(key) ?? 0);
        }
    }

    private async Task<T> PartAsync<T>(string part, T otherwise, Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (LibvirtException e) when (e is not (LibvirtUnreachableException or LibvirtTimeoutException))
        {
            Gap(part, e);
            return otherwise;
        }
    }

    private void Gap(string part, LibvirtException e) =>
        gaps.Add(string.Create(CultureInfo.InvariantCulture,
            $"{part}: {SafeText.Line(e.Reason, EvidenceLimits.MessageLength)} (code {e.Code})"));
}
