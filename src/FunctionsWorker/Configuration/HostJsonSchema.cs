using System.Text.Json.Nodes;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>
/// What <see cref="JsonSection"/> takes for each kind of value, as JSON schema (2020-12), and all of it together as the text of
/// host.schema.json, which editors use. A test holds the file against what the reader asks for.
/// </summary>
internal static class HostJsonSchema
{
    private const string Time = "^(\\d+\\.)?\\d{1,2}:\\d{2}(:\\d{2}(\\.\\d{1,7})?)?$|^\\d+$";

    public static JsonObject Text(string? fallback, string expected) =>
        WithDefault(new() { ["type"] = "string", ["description"] = $"Expected: {expected}." }, fallback);

    public static JsonObject Number(int min, int max, int? fallback = null) =>
        WithDefault(new() { ["type"] = "integer", ["minimum"] = min, ["maximum"] = max }, fallback);

    public static JsonObject NumberOrNone(int min, int max) => new()
    {
        ["anyOf"] = new JsonArray(new JsonObject { ["const"] = -1 }, Number(min, max)),
        ["default"] = -1,
    };

    public static JsonObject Flag(bool fallback) => new() { ["type"] = "boolean", ["default"] = fallback };

    public static JsonObject Only(bool value, string because) => new()
    {
        ["const"] = value,
        ["description"] = $"This host can have it in one way only: {because}.",
    };

    public static JsonObject Share(double fallback) => new()
    {
        ["type"] = "number",
        ["exclusiveMinimum"] = 0,
        ["maximum"] = 1,
        ["default"] = fallback,
    };

    public static JsonObject Duration(TimeSpan min, TimeSpan max, TimeSpan? fallback = null) => WithDefault(
        new() { ["type"] = "string", ["pattern"] = Time, ["description"] = $"Time, {min:c} to {max:c}." },
        fallback?.ToString("c"));

    public static JsonObject Choice(string[] names, string fallback) => new()
    {
        // The reader does not mind letter case, a schema does: both usual spellings are offered.
        ["enum"] = new JsonArray([.. names.SelectMany(static n => new[] { n, char.ToLowerInvariant(n[0]) + n[1..] })
            .Distinct(StringComparer.Ordinal).Select(static n => (JsonNode)n)]),
        ["default"] = fallback,
    };

    public static JsonObject MapOf(JsonObject value) => new() { ["type"] = "object", ["additionalProperties"] = value };

    public static JsonObject ListOf(JsonObject item) => new() { ["type"] = "array", ["items"] = item };

    public static JsonObject Ignored() => new() { ["description"] = "Known to the Azure host; no effect here." };

    public static JsonObject Of(IReadOnlyDictionary<string, JsonObject> asked)
    {
        JsonObject root = Section();
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema";
        root["title"] = "host.json";
        foreach ((string path, JsonObject schema) in asked.OrderBy(static a => a.Key, StringComparer.Ordinal))
        {
            string[] names = path.Split('.')[1..];
            JsonObject section = root;
            foreach (string name in names[..^1])
            {
                JsonObject properties = section["properties"]!.AsObject();
                section = (properties[name] ??= Section()).AsObject();
            }

            section["properties"]!.AsObject()[names[^1]] = schema.DeepClone();
        }

        return root;
    }

    private static JsonObject Section() => new()
    {
        ["type"] = "object",
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject(),
    };

    private static JsonObject WithDefault(JsonObject schema, JsonNode? fallback)
    {
        if (fallback is not null)
        {
            schema["default"] = fallback;
        }

        return schema;
    }
}
