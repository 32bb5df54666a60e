using System.Globalization;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Storage;

/// <summary>One committed change. Before is null for a creation; After is null for a deletion.</summary>
internal sealed record Change(long Version, StoredObject? Before, StoredObject? After)
{
    /// <summary>The object as a watcher sees it: for a deletion the last state, with the version of the deletion.</summary>
    public StoredObject Shown { get; } = After ?? AtVersion(Before!, Version);

    /// <summary>The state before, with the version of this change: for a watcher whose selector the object has left.</summary>
    public StoredObject LastSeen() => AtVersion(Before!, Version);

    private static StoredObject AtVersion(StoredObject last, long version)
    {
        var json = last.Copy();
        json.Meta()["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture);
        return new StoredObject(last.Type, json, version);
    }
}
