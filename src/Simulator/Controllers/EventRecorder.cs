using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>
/// Writes Events as the real components do: the same thing said again about the same object raises the count of the first Event.
/// Keeps the newest <see cref="Limit"/> Events and deletes older ones.
/// </summary>
internal sealed class EventRecorder(Registry registry)
{
    public const int Limit = 5000;

    private readonly Dictionary<string, ObjectKey> _known = new(StringComparer.Ordinal);
    private readonly Queue<(string Same, ObjectKey Key)> _order = new();

    public void Normal(JsonObject about, string component, string reason, string message, string? fieldPath = null)
        => Record(about, "Normal", component, reason, message, fieldPath);

    public void Warning(JsonObject about, string component, string reason, string message, string? fieldPath = null)
        => Record(about, "Warning", component, reason, message, fieldPath);

    /// <summary>As components report that use the newer API: when and how often stand in other fields, the older are empty.</summary>
    public void Newer(JsonObject about, string type, string component, string action, string reason, string message)
        => Record(about, type, component, reason, message, null, action);

    private void Record(JsonObject about, string type, string component, string reason, string message, string? fieldPath,
        string? action = null)
    {
        var ns = about.Namespace().Length > 0 ? about.Namespace() : "default";
        var space = registry.Store.Find(ResourceCatalog.Namespaces, "", ns);
        if (space is null || space.Json.IsDeleting())
            return;
        var same = string.Join('|', about.Uid(), type, component, reason, fieldPath, message);
        var now = registry.Clock.Timestamp();
        if (_known.TryGetValue(same, out var key) && registry.Store.Find(key.Type, key.Namespace, key.Name) is not null)
        {
            registry.Update(key.Type, key.Namespace, key.Name, e =>
            {
                if (action is not null)
                {
                    e["series"] = new JsonObject
                    {
                        ["count"] = (e.Number("series", "count") ?? 1) + 1, ["lastObservedTime"] = Micro(registry.Clock.Now),
                    };
                    return e;
                }
                e["count"] = (e.Number("count") ?? 1) + 1;
                e["lastTimestamp"] = now;
                return e;
            }, new WriteContext(component));
            return;
        }
        var made = registry.Create(
            ResourceCatalog.Events, ns, Body(about, ns, type, component, reason, message, fieldPath, action),
            new WriteContext(component));
        _known[same] = made.Key;
        _order.Enqueue((same, made.Key));
        while (_order.Count > Limit)
            Forget(_order.Dequeue());
    }

    private void Forget((string Same, ObjectKey Key) oldest)
    {
        _known.Remove(oldest.Same);
        if (registry.Store.Find(oldest.Key.Type, oldest.Key.Namespace, oldest.Key.Name) is not null)
            registry.Delete(oldest.Key, new DeleteOptions());
    }

    private JsonObject Body(
        JsonObject about, string ns, string type, string component, string reason, string message, string? fieldPath, string? action)
    {
        var involved = new JsonObject
        {
            ["kind"] = about.Text("kind"),
            ["namespace"] = ns,
            ["name"] = about.Name(),
            ["uid"] = about.Uid(),
            ["apiVersion"] = about.Text("apiVersion"),
            ["resourceVersion"] = about.Text("metadata", "resourceVersion"),
        };
        if (fieldPath is not null)
            involved["fieldPath"] = fieldPath;
        var source = new JsonObject { ["component"] = component };
        if (component == "kubelet")
            source["host"] = about.Text("spec", "nodeName");
        var now = registry.Clock.Timestamp();
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"{about.Name()}.{registry.Names.Suffix(16)}", ["namespace"] = ns },
            ["involvedObject"] = involved,
            ["reason"] = reason,
            ["message"] = message,
            ["source"] = source,
            ["firstTimestamp"] = now,
            ["lastTimestamp"] = now,
            ["count"] = 1,
            ["type"] = type,
            ["eventTime"] = null,
            ["reportingComponent"] = component,
            ["reportingInstance"] = source.Text("host") ?? "",
        };
        if (action is null)
            return body;
        foreach (var older in new[] { "firstTimestamp", "lastTimestamp" })
            body[older] = null;
        body.Remove("count");
        (body["source"], body["eventTime"], body["action"]) = (new JsonObject(), Micro(registry.Clock.Now), action);
        body["reportingInstance"] = $"{component}-control-plane";
        return body;
    }

    private static string Micro(DateTimeOffset time)
        => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
