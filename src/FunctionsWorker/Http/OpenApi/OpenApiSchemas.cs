using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.RegularExpressions;

namespace Microsoft.Azure.Functions.Worker.Http.OpenApi;

/// <summary>JSON schemas of .NET types, as the serializer of the requests reads and writes them. An object stands once, by name.</summary>
internal sealed partial class OpenApiSchemas(JsonSerializerOptions options)
{
    public const string Problem = "Problem";
    private const string Root = "#/components/schemas/";

    private static readonly JsonSchemaExporterOptions Exporter = new() { TreatNullObliviousAsNonNullable = true };

    private readonly Dictionary<Type, string> _names = [];

    public JsonObject Named { get; } = new()
    {
        [Problem] = new JsonObject
        {
            ["type"] = "object",
            ["description"] = "RFC 9457",
            ["properties"] = new JsonObject
            {
                ["title"] = new JsonObject { ["type"] = "string" },
                ["status"] = new JsonObject { ["type"] = "integer" },
                ["detail"] = new JsonObject { ["type"] = "string" },
                ["correlationId"] = new JsonObject { ["type"] = "string" },
            },
        },
    };

    public static JsonObject Reference(string name) => new() { ["$ref"] = Root + name };

    public JsonNode Of(Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        if (_names.TryGetValue(plain, out string? known))
        {
            return Reference(known);
        }

        JsonObject schema = Export(plain);
        if (schema["properties"] is null)
        {
            return schema;
        }

        string name = NameOf(plain);
        _names[plain] = name;
        Rebase(schema, Root + name);
        Named[name] = schema;
        return Reference(name);
    }

    private JsonObject Export(Type type)
    {
        try
        {
            return options.GetJsonSchemaAsNode(type, Exporter) as JsonObject ?? [];
        }
        catch (Exception exception) when (exception is NotSupportedException or InvalidOperationException)
        {
            // What the serializer cannot describe may still be sent by the function itself.
            return new JsonObject { ["description"] = type.Name };
        }
    }

    private string NameOf(Type type)
    {
        string name = NotInName().Replace(type.Name, "_");
        return Named.ContainsKey(name) ? NotInName().Replace(type.FullName ?? $"{name}{Named.Count}", "_") : name;
    }

    // A type that contains itself refers to its own root, which here is not the document's.
    private static void Rebase(JsonNode? node, string root)
    {
        switch (node)
        {
            case JsonObject inner:
                if (inner["$ref"] is JsonValue target && target.GetValue<string>() is ['#', ..] reference)
                {
                    inner["$ref"] = root + reference[1..];
                }

                foreach ((_, JsonNode? value) in inner.ToArray())
                {
                    Rebase(value, root);
                }

                break;
            case JsonArray items:
                foreach (JsonNode? item in items)
                {
                    Rebase(item, root);
                }

                break;
        }
    }

    [GeneratedRegex("[^A-Za-z0-9_.-]")]
    private static partial Regex NotInName();
}
