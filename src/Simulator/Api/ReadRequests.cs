using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;
using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Api;

/// <summary>GET of one object and of lists, with selectors and paging.</summary>
/// <remarks>
/// A continued list reads the present state behind the last name, under the version of the first page: what changed meanwhile
/// arrives again through a watch from that version. A token older than the history is 410, as in the real server.
/// </remarks>
internal sealed class ReadRequests(ObjectStore store, SimulatorClock clock)
{
    public Task GetAsync(HttpContext http, RequestTarget target)
    {
        var isNewerEvent = target.Type == ResourceCatalog.NewerEvents;
        var found = store.Find(isNewerEvent ? ResourceCatalog.Events : target.Type, target.Namespace, target.Name)
            ?? throw ApiException.NotFound(target.Type, target.Name);
        found = isNewerEvent ? NewerEvents.Of(found) : found;
        return Responses.JsonAsync(
            http, 200, TableFormat.IsWanted(http) ? TableFormat.Render(target.Type, [], [found], clock.Now) : found.Utf8);
    }

    public Task ListAsync(HttpContext http, RequestTarget target)
    {
        var query = http.Request.Query;
        var labels = LabelSelector.Parse(query["labelSelector"]);
        var fields = FieldSelector.Parse(query["fieldSelector"], target.Type);
        // From its memory (any version) the real server answers whole, whatever the limit; only events are not in its memory.
        var isFromMemory = query["resourceVersion"].ToString() == "0" && target.Type.Kind != ResourceCatalog.Events.Kind;
        var limit = isFromMemory ? 0 : Number(http, "limit") ?? 0;
        ListOptions.Check(http);
        RefuseFuture(http);
        var isNewerEvent = target.Type == ResourceCatalog.NewerEvents;
        var (all, version) = store.List(isNewerEvent ? ResourceCatalog.Events : target.Type, target.Namespace);
        all = isNewerEvent ? [.. all.Select(NewerEvents.Of)] : all;
        var matching = all.Where(o => labels.Matches(o.Json) && fields.Matches(o.Json)).ToList();
        if (query["continue"].ToString() is { Length: > 0 } token)
        {
            var (from, after) = Decode(token);
            if (store.ChangesSince(from) is null)
                throw ApiException.Expired(
                    "The provided continue parameter is too old to display a consistent list result. "
                    + "You can start a new list without the continue parameter.");
            version = from;
            matching = [.. matching.Where(o => string.CompareOrdinal($"{o.Key.Namespace}/{o.Key.Name}", after) > 0)];
        }
        var page = limit > 0 && matching.Count > limit ? matching[..(int)limit] : matching;
        var meta = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) };
        if (page.Count < matching.Count)
        {
            meta["continue"] = Encode(version, $"{page[^1].Key.Namespace}/{page[^1].Key.Name}");
            if (labels.IsEmpty && fields.IsEmpty)
                meta["remainingItemCount"] = matching.Count - page.Count;
        }
        var rendered = TableFormat.IsWanted(http)
            ? TableFormat.Render(target.Type, meta, page, clock.Now)
            : Render(target.Type, meta, page);
        return Responses.JsonAsync(http, 200, rendered);
    }

    public static long? Number(HttpContext http, string parameter)
    {
        var text = http.Request.Query[parameter].ToString();
        if (text.Length == 0)
            return null;
        return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var n) && n >= 0
            ? n
            : throw ApiException.BadRequest(
                $"invalid value for query parameter {parameter}: expected a whole number of 0 or more, got '{text}'");
    }

    private void RefuseFuture(HttpContext http)
    {
        if (Number(http, "resourceVersion") is { } version && version > store.Version)
            throw ApiException.FutureVersion(version, store.Version);
    }

    private static byte[] Render(ResourceType type, JsonObject meta, List<StoredObject> page)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Wire.Options.Encoder }))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", $"{type.Kind}List");
            writer.WriteString("apiVersion", type.GroupVersion);
            writer.WritePropertyName("metadata");
            meta.WriteTo(writer);
            writer.WriteStartArray("items");
            foreach (var item in page)
                writer.WriteRawValue(item.Utf8, skipInputValidation: true);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static string Encode(long version, string after)
        => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{version}|{after}"));

    private static (long Version, string After) Decode(string token)
    {
        try
        {
            var parts = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(token)).Split('|', 2);
            return (long.Parse(parts[0], CultureInfo.InvariantCulture), parts[1]);
        }
        catch (Exception e) when (e is FormatException or IndexOutOfRangeException or OverflowException)
        {
            throw ApiException.BadRequest("continue key is not valid: it must be the value of metadata.continue of the page before");
        }
    }
}
