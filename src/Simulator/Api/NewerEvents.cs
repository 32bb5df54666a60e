using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Api;

/// <summary>Events of events.k8s.io/v1: the same objects as core events, under other names of their fields.</summary>
internal static class NewerEvents
{
    private static readonly (string Older, string Newer)[] Renamed =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("reportingComponent", "reportingController"),
        ("source", "deprecatedSource"), ("count", "deprecatedCount"), ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"),
    ];

    public static StoredObject Of(StoredObject older)
    {
        var json = older.Copy();
        json["apiVersion"] = ResourceCatalog.NewerEvents.GroupVersion;
        foreach (var (from, to) in Renamed)
        {
            if (json[from] is { } value)
                json[to] = value.DeepClone();
            json.Remove(from);
        }
        return new StoredObject(ResourceCatalog.NewerEvents, json, older.Version);
    }
}
