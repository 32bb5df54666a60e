using System.Xml.Linq;
using Heal.Drivers.Libvirt;

namespace Heal.Shared.Tests;

/// <summary>The pools and volumes of <see cref="FakeLibvirtHost"/>: sizes add up, a full pool refuses, files may lie in a pool that does
/// not know them until it is refreshed.</summary>
internal sealed class FakeStorage(FakeLibvirtHost host) : IStorage
{
    private const int NoPool = 49;
    private const int NoVolume = 50;
    private const int Invalid = 55;

    private readonly Dictionary<string, FakePool> _pools = new(StringComparer.Ordinal);
    private int _made;

    /// <summary>Adds a directory pool as if it had been there before.</summary>
    public FakePool Add(string name, long capacity = 10L << 30, string? path = null, bool active = true)
    {
        lock (host.Gate)
        {
            return _pools[name] = new FakePool(
                new Guid($"00000000-0000-0000-0002-{++_made:x12}"), name, path ?? $"/pools/{name}", capacity) { IsActive = active };
        }
    }

    /// <summary>Puts a file into a pool's directory.</summary>
    /// <param name="known">False: the pool learns of it when it is refreshed.</param>
    public VolumeRecord AddVolume(string pool, string name, long allocation, long? capacity = null, bool known = true)
    {
        lock (host.Gate)
        {
            var in_ = _pools[pool];
            var path = $"{in_.Path}/{name}";
            var volume = new VolumeRecord(pool, name, path, path, "file", "qcow2", capacity ?? allocation, allocation, null);
            in_.Files[name] = volume;
            if (known) in_.Known[name] = volume;
            return volume;
        }
    }

    public FakePool this[string name]
    {
        get
        {
            lock (host.Gate) return _pools[name];
        }
    }

    public Task<IReadOnlyList<PoolRecord>> ListPoolsAsync(CancellationToken cancellationToken = default) =>
        host.CallAsync<IReadOnlyList<PoolRecord>>("ListPools", false, () => [.. _pools.Values.Select(pool => pool.Record)],
            cancellationToken);

    public Task<PoolRecord?> FindPoolAsync(string name, CancellationToken cancellationToken = default) =>
        host.CallAsync("FindPool", false, () => _pools.GetValueOrDefault(name)?.Record, cancellationToken);

    public Task<string> GetPoolXmlAsync(string pool, CancellationToken cancellationToken = default) =>
        host.CallAsync("GetPoolXml", false,
            () => $"<pool type='dir'><name>{Get(pool).Name}</name><target><path>{Get(pool).Path}</path></target></pool>",
                cancellationToken);

    public Task<PoolRecord> CreatePoolAsync(string xml, CancellationToken cancellationToken = default) =>
        host.CallAsync("CreatePool", true, () =>
        {
            var document = host.Parse(xml);
            var name = (string?)document.Element("name") ?? throw host.Refusal(27, "XML error: missing pool source name element");
            if (_pools.ContainsKey(name)) throw host.Refusal(9, $"operation failed: pool '{name}' already exists");
            return Add(name, path: (string?)document.Element("target")?.Element("path")).Record;
        }, cancellationToken);

    public Task StartPoolAsync(string pool, CancellationToken cancellationToken = default) =>
        host.CallAsync("StartPool", true, () =>
        {
            if (Get(pool).IsActive) throw host.Refusal(Invalid,
                $"Requested operation is not valid: storage pool '{pool}' is already active");
            Get(pool).IsActive = true;
            Refresh(Get(pool));
        }, cancellationToken);

    public Task StopPoolAsync(string pool, bool undefine, CancellationToken cancellationToken = default) =>
        host.CallAsync("StopPool", true, () =>
        {
            Active(pool).IsActive = false;
            if (undefine) _pools.Remove(pool);
        }, cancellationToken);

    public Task RefreshPoolAsync(string pool, CancellationToken cancellationToken = default) =>
        host.CallAsync("RefreshPool", true, () => Refresh(Active(pool)), cancellationToken);

    public Task<IReadOnlyList<VolumeRecord>> ListVolumesAsync(string pool, CancellationToken cancellationToken = default) =>
        host.CallAsync<IReadOnlyList<VolumeRecord>>("ListVolumes", false, () => [.. Active(pool).Known.Values], cancellationToken);

    public Task<VolumeRecord?> FindVolumeAsync(string pool, string name, CancellationToken cancellationToken = default) =>
        host.CallAsync("FindVolume", false, () => Active(pool).Known.GetValueOrDefault(name), cancellationToken);

    public Task<VolumeRecord?> FindVolumeByPathAsync(string path, CancellationToken cancellationToken = default) =>
        host.CallAsync("FindVolumeByPath", false, () => Volume(path), cancellationToken);

    public Task<string> GetVolumeXmlAsync(string pool, string name, CancellationToken cancellationToken = default) =>
        host.CallAsync("GetVolumeXml", false, () => Get(pool, name) is var volume
            ? new XElement("volume", new XElement("name", volume.Name), new XElement("capacity", volume.Capacity),
                new XElement("target", new XElement("path", volume.Path))).ToString() : "", cancellationToken);

    public Task<VolumeRecord> CreateVolumeAsync(string pool, string xml, CancellationToken cancellationToken = default) =>
        host.CallAsync("CreateVolume", true, () =>
        {
            var document = host.Parse(xml);
            var name = (string?)document.Element("name") ?? throw host.Refusal(27, "XML error: missing volume name element");
            var capacity = Bytes(document.Element("capacity")) ?? throw host.Refusal(27, "XML error: missing capacity element");
            var into = Active(pool);
            if (into.Known.ContainsKey(name)) throw host.Refusal(90, $"storage volume '{name}' exists already");
            var allocation = Bytes(document.Element("allocation")) ?? 0;
            if (allocation > into.Free) throw host.Refusal(38,
                $"cannot allocate {allocation} bytes in file: No space left on device");
            var path = $"{into.Path}/{name}";
            var volume = new VolumeRecord(
                pool, name, path, path, "file", (string?)document.Element("target")?.Element("format")?.Attribute("type") ?? "raw",
                    capacity,
                allocation, (string?)document.Element("backingStore")?.Element("path"));
            into.Known[name] = into.Files[name] = volume;
            return volume;
        }, cancellationToken);

    public Task<VolumeRecord> CopyVolumeAsync(
        string pool, string xml, string sourcePool, string source, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        host.CallAsync("CopyVolume", true, () =>
        {
            var document = host.Parse(xml);
            var name = (string?)document.Element("name") ?? throw host.Refusal(27, "XML error: missing volume name element");
            var original = Get(sourcePool, source);
            var into = Active(pool);
            if (into.Known.ContainsKey(name)) throw host.Refusal(90, $"storage volume '{name}' exists already");
            if (original.Allocation > into.Record.Available) throw host.Refusal(38, "cannot write data to file: No space left on device");
            var path = $"{into.Path}/{name}";
            var format = (string?)document.Element("target")?.Element("format")?.Attribute("type") ?? "raw";
            // as libvirt does: the capacity that is asked for counts from raw to raw only
            var capacity = format == "raw" && original.Format == "raw" ? Bytes(document.Element("capacity")) ?? 0 : 0;
            var volume = original with
            {
                Pool = pool, Name = name, Path = path, Key = path, Format = format, BackingPath = null,
                Capacity = Math.Max(capacity, original.Capacity),
            };
            into.Known[name] = into.Files[name] = volume;
            if (_pools[sourcePool].Content.GetValueOrDefault(source) is { } content) into.Content[name] = content;
            return volume;
        }, cancellationToken);

    public Task UploadAsync(string pool, string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        host.CallAsync("Upload", true, () =>
        {
            var volume = Get(pool, name);
            if (content.Length > volume.Capacity) throw host.Refusal(38, "cannot write data to volume: No space left on device");
            _pools[pool].Content[name] = content.ToArray();
            _pools[pool].Known[name] = _pools[pool].Files[name] = volume with { Allocation = Math.Max(volume.Allocation, content.Length) };
        }, cancellationToken);

    public Task DeleteVolumeAsync(string pool, string name, CancellationToken cancellationToken = default) =>
        host.CallAsync("DeleteVolume", true, () =>
        {
            _ = Get(pool, name);
            if (_pools[pool].Writing.Remove(name)) throw new LibvirtBusyException(
                host.Name, Invalid, 18, $"Requested operation is not valid: volume '{name}' is still being allocated.");
            _pools[pool].Known.Remove(name);
            _pools[pool].Files.Remove(name);
            _pools[pool].Content.Remove(name);
        }, cancellationToken);

    public Task ResizeVolumeAsync(string pool, string name, long capacityBytes, CancellationToken cancellationToken = default) =>
        host.CallAsync("ResizeVolume", true, () =>
        {
            var volume = Get(pool, name);
            if (capacityBytes < volume.Capacity) throw host.Refusal(8, "invalid argument: can't shrink capacity below existing size");
            _pools[pool].Known[name] = _pools[pool].Files[name] = volume with { Capacity = capacityBytes };
        }, cancellationToken);

    /// <summary>Uses up what is left in the pool where a file lies.</summary>
    public void Fill(string path)
    {
        if (PoolOf(path) is { } pool) pool.UncountedBytes += pool.Free;
        else FullPaths.Add(path);
    }

    /// <summary>Files in no pool whose file system is full.</summary>
    public HashSet<string> FullPaths { get; } = new(StringComparer.Ordinal);

    internal bool IsFull(string path) => FullPaths.Contains(path) || PoolOf(path)?.Free == 0;

    /// <summary>True for a path in an active pool that holds no such file.</summary>
    internal bool Lacks(string path) =>
        PoolOf(path) is { IsActive: true } pool && pool.Files.Values.All(volume => volume.Path != path);

    internal VolumeRecord? Volume(string path) =>
        _pools.Values.Where(pool => pool.IsActive).SelectMany(pool => pool.Known.Values).FirstOrDefault(volume => volume.Path == path);

    private FakePool? PoolOf(string path) =>
        _pools.Values.FirstOrDefault(pool => path.StartsWith(pool.Path + "/", StringComparison.Ordinal));

    private static void Refresh(FakePool pool)
    {
        pool.OtherBytes += pool.UncountedBytes;
        pool.UncountedBytes = 0;
        pool.Known.Clear();
        foreach (var (name, volume) in pool.Files) pool.Known[name] = volume;
    }

    private FakePool Get(string name) => _pools.GetValueOrDefault(name) ?? throw new LibvirtNotFoundException(
        host.Name, NoPool, 18, $"Storage pool not found: no storage pool with matching name '{name}'");

    private FakePool Active(string name) => Get(name) is { IsActive: true } pool ? pool
        : throw host.Refusal(Invalid, $"Requested operation is not valid: storage pool '{name}' is not active");

    private VolumeRecord Get(string pool, string name) => Active(pool).Known.GetValueOrDefault(name) ?? throw new LibvirtNotFoundException(
        host.Name, NoVolume, 18, $"Storage volume not found: no storage vol with matching name '{name}'");

    private static long? Bytes(XElement? element) => element is null ? null : (long)element * ((string?)element.Attribute("unit") switch
    {
        "K" or "KiB" => 1L << 10,
        "M" or "MiB" => 1L << 20,
        "G" or "GiB" => 1L << 30,
        _ => 1L,
    });
}

/// <summary>A pool; tests may change it.</summary>
internal sealed class FakePool(Guid uuid, string name, string path, long capacity)
{
    public string Name => name;

    public string Path => path;

    public bool IsActive { get; set; } = true;

    public long Capacity { get; set; } = capacity;

    /// <summary>Bytes that are used by what is no volume.</summary>
    public long OtherBytes { get; set; }

    /// <summary>Bytes more (or, negative, less) that are used by what is no volume, of which libvirt learns when it is refreshed: as of all
    /// that guests write, and of room that somebody makes.</summary>
    public long UncountedBytes { get; set; }

    /// <summary>What is left in truth.</summary>
    public long Free => Math.Max(0, Record.Available - UncountedBytes);

    /// <summary>What lies there.</summary>
    public Dictionary<string, VolumeRecord> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>What libvirt has seen of it.</summary>
    public Dictionary<string, VolumeRecord> Known { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, byte[]> Content { get; } = new(StringComparer.Ordinal);

    /// <summary>Volumes that are being written by somebody: the next attempt to delete one is refused, and sees the end of it.</summary>
    public HashSet<string> Writing { get; } = new(StringComparer.Ordinal);

    public PoolRecord Record
    {
        get
        {
            var used = Math.Min(Capacity, Files.Values.Sum(volume => volume.Allocation) + OtherBytes);
            return new PoolRecord(
                uuid, name, IsActive, true, true, IsActive ? "running" : "inactive", "dir", path, Capacity, used, Capacity - used);
        }
    }
}

/// <summary>The networks of <see cref="FakeLibvirtHost"/>.</summary>
internal sealed class FakeNetworks(FakeLibvirtHost host) : INetworks
{
    private readonly Dictionary<string, (NetworkRecord Record, string Xml)> _networks = new(StringComparer.Ordinal);
    private int _made;

    public NetworkRecord Add(string name, bool active = true)
    {
        lock (host.Gate)
        {
            var record = new NetworkRecord(new Guid($"00000000-0000-0000-0003-{++_made:x12}"), name, active, true, true, $"virbr{_made}");
            _networks[name] = (record, $"<network><name>{name}</name></network>");
            return record;
        }
    }

    public Task<IReadOnlyList<NetworkRecord>> ListAsync(CancellationToken cancellationToken = default) =>
        host.CallAsync<IReadOnlyList<NetworkRecord>>("ListNetworks", false, () => [.. _networks.Values.Select(item => item.Record)],
            cancellationToken);

    public Task<string> GetXmlAsync(string network, CancellationToken cancellationToken = default) =>
        host.CallAsync("GetNetworkXml", false, () => Get(network).Xml, cancellationToken);

    public Task<NetworkRecord> CreateAsync(string xml, CancellationToken cancellationToken = default) =>
        host.CallAsync("CreateNetwork", true, () =>
        {
            var name = (string?)host.Parse(xml).Element("name") ?? throw host.Refusal(27, "XML error: missing network name");
            if (_networks.ContainsKey(name)) throw host.Refusal(9, $"operation failed: network '{name}' already exists");
            var made = Add(name);
            _networks[name] = (made, xml);
            return made;
        }, cancellationToken);

    public Task StartAsync(string network, CancellationToken cancellationToken = default) =>
        host.CallAsync("StartNetwork", true, () =>
        {
            var (record, xml) = Get(network);
            if (record.IsActive) throw host.Refusal(55, "Requested operation is not valid: network is already active");
            _networks[network] = (record with { IsActive = true }, xml);
        }, cancellationToken);

    public Task StopAsync(string network, bool undefine, CancellationToken cancellationToken = default) =>
        host.CallAsync("StopNetwork", true, () =>
        {
            var (record, xml) = Get(network);
            if (undefine) _networks.Remove(network);
            else _networks[network] = (record with { IsActive = false }, xml);
        }, cancellationToken);

    private (NetworkRecord Record, string Xml) Get(string name) => _networks.TryGetValue(name, out var found) ? found
        : throw new LibvirtNotFoundException(host.Name, 43, 19, $"Network not found: no network with matching name '{name}'");
}
