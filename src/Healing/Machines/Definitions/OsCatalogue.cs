using System.Globalization;
using System.Xml.Linq;

namespace Heal.Healing;

/// <summary>What osinfo knows of an operating system, its ancestors included.</summary>
public sealed record OsEntry(
    string Id, IReadOnlyList<string> ShortIds, string Name, bool HasVirtioDisk, bool HasVirtioNic, bool HasE1000e,
    long? MinimumMemoryBytes, long? MinimumStorageBytes);

/// <summary>
/// Operating systems by osinfo id and short id, read from the documents of osinfo-db (<c>os/&lt;vendor&gt;/*.xml</c>). Pure: who has the
/// documents reads the files.
/// </summary>
public sealed class OsCatalogue
{
    private const int Generations = 20;
    private static readonly string[] VirtioDisks = ["http://pcisig.com/pci/1af4/1001", "http://pcisig.com/pci/1af4/1042"];
    private static readonly string[] VirtioNics = ["http://pcisig.com/pci/1af4/1000", "http://pcisig.com/pci/1af4/1041"];
    private const string E1000e = "http://pcisig.com/pci/8086/10d3";

    private readonly Dictionary<string, Raw> _byId;
    private readonly Dictionary<string, string> _shortIds = new(StringComparer.Ordinal);

    private OsCatalogue(Dictionary<string, Raw> byId)
    {
        _byId = byId;
        foreach (var raw in byId.Values)
        {
            foreach (var name in raw.ShortIds) _shortIds.TryAdd(name, raw.Id);
        }
    }

    /// <summary>Knows nothing: osinfo-db is not there.</summary>
    public static OsCatalogue Empty { get; } = new(new Dictionary<string, Raw>(StringComparer.Ordinal));

    public bool IsEmpty => _byId.Count == 0;

    public int Count => _byId.Count;

    public IEnumerable<string> ShortIds => _shortIds.Keys;

    public static OsCatalogue Of(IEnumerable<XDocument> documents)
    {
        var found = new Dictionary<string, Raw>(StringComparer.Ordinal);
        foreach (var os in documents.SelectMany(document => document.Root?.Elements("os") ?? []))
        {
            if ((string?)os.Attribute("id") is { Length: > 0 } id) found.TryAdd(id, Raw.Of(id, os));
        }

        return new OsCatalogue(found);
    }

    /// <summary>Null when it is not known.</summary>
    /// <param name="name">An id or a short id.</param>
    public OsEntry? Find(string name)
    {
        if (!_byId.TryGetValue(_shortIds.GetValueOrDefault(name, name), out var raw)) return null;
        var line = new List<Raw>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<string>([raw.Id]);
        while (line.Count < Generations && queue.TryDequeue(out var next))
        {
            if (!seen.Add(next) || !_byId.TryGetValue(next, out var ancestor)) continue;
            line.Add(ancestor);
            foreach (var parent in ancestor.Parents) queue.Enqueue(parent);
        }

        bool Has(params string[] devices)
        {
            var ruling = line.FirstOrDefault(item => item.Removed.Overlaps(devices) || item.Devices.Overlaps(devices));
            return ruling is not null && ruling.Devices.Overlaps(devices);
        }

        return new OsEntry(
            raw.Id, raw.ShortIds, raw.Name, Has(VirtioDisks), Has(VirtioNics), Has(E1000e),
            line.Select(item => item.Memory).FirstOrDefault(value => value is not null),
            line.Select(item => item.Storage).FirstOrDefault(value => value is not null));
    }

    private sealed record Raw(
        string Id, IReadOnlyList<string> ShortIds, string Name, IReadOnlyList<string> Parents, HashSet<string> Devices,
        HashSet<string> Removed, long? Memory, long? Storage)
    {
        public static Raw Of(string id, XElement os)
        {
            var devices = os.Elements("devices").Elements("device").ToLookup(
                device => (string?)device.Attribute("removed") == "true", device => (string?)device.Attribute("id") ?? "");
            var minimum = os.Elements("resources")
                .Where(item => (string?)item.Attribute("arch") is "all" or "x86_64").Elements("minimum").FirstOrDefault();
            return new Raw(
                id,
                [.. os.Elements("short-id").Select(item => item.Value)],
                os.Elements("name").FirstOrDefault()?.Value ?? id,
                [.. os.Elements("derives-from").Concat(os.Elements("clones")).Select(item => (string?)item.Attribute("id") ?? "")],
                [.. devices[false]],
                [.. devices[true]],
                Bytes(minimum?.Element("ram")),
                Bytes(minimum?.Element("storage")));
        }

        private static long? Bytes(XElement? element) =>
            long.TryParse(element?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
    }
}
