using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Storage;

/// <summary>One committed change. Before is null for a creation; After is null for a deletion.</summary>
internal sealed record Change(long Version, StoredObject? Before, StoredObject? After)
{
    /// <summary>The object as a watcher sees it: for a deletion the last state, with the version of the deletion.</summary>
    public StoredObject Shown { get; } = After ?? Deleted(Before!, Version);

    private static StoredObject Deleted(StoredObject last, long version)
    {
        var json = last.Copy();
        json.Meta()["resourceVersion"] = version.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new StoredObject(last.Type, json, version);
    }
}
