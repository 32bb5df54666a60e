using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Microsoft.Azure.Functions.Worker.Http.OpenApi;

/// <summary>A path parameter with what its route constraints say in terms of JSON schema.</summary>
internal sealed record OpenApiPathParameter(string Name, JsonObject Constraints);

/// <summary>
/// A route template as OpenAPI writes paths. There no parameter may be left out, so a template whose last parameter is optional stands for
/// two paths, the second of them <see cref="IsShort"/>.
/// </summary>
internal sealed record OpenApiPath(string Text, IReadOnlyList<OpenApiPathParameter> Parameters, bool IsShort)
{
    public static IEnumerable<OpenApiPath> Of(RoutePattern pattern)
    {
        yield return Of(pattern, pattern.PathSegments, isShort: false);
        bool endsOptional = pattern.PathSegments is [.., { Parts: [RoutePatternParameterPart last] }]
            && (last.IsOptional || last.IsCatchAll || last.Default is not null);
        if (endsOptional)
        {
            yield return Of(pattern, [.. pattern.PathSegments.SkipLast(1)], isShort: true);
        }
    }

    private static OpenApiPath Of(RoutePattern pattern, IReadOnlyList<RoutePatternPathSegment> segments, bool isShort)
    {
        RoutePatternParameterPart[] parts = [.. segments.SelectMany(static s => s.Parts).OfType<RoutePatternParameterPart>()];
        string text = "/" + string.Join('/', segments.Select(static s => string.Concat(s.Parts.Select(TextOf))));
        return new(text, [.. parts.Select(p => new OpenApiPathParameter(p.Name, ConstraintsOf(pattern, p.Name)))], isShort);
    }

    private static string TextOf(RoutePatternPart part) => part switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternSeparatorPart separator => separator.Content,
        RoutePatternParameterPart parameter => $"{{{parameter.Name}}}",
        _ => "",
    };

    private static JsonObject ConstraintsOf(RoutePattern pattern, string parameter)
    {
        var schema = new JsonObject();
        foreach (RoutePatternParameterPolicyReference policy in pattern.ParameterPolicies.GetValueOrDefault(parameter) ?? [])
        {
            if (policy.Content is { } text)
            {
                int open = text.IndexOf('(', StringComparison.Ordinal);
                string name = open < 0 ? text : text[..open];
                string arguments = open < 0 ? "" : text[(open + 1)..^1];
                Add(schema, name, arguments);
            }
        }

        return schema;
    }

    private static void Add(JsonObject schema, string constraint, string arguments)
    {
        string[] each = arguments.Split(',', StringSplitOptions.TrimEntries);
        (string Name, JsonNode? Value)[] words = constraint switch
        {
            "int" => [("type", "integer"), ("format", "int32")],
            "long" => [("type", "integer"), ("format", "int64")],
            "bool" => [("type", "boolean")],
            "decimal" or "double" or "float" => [("type", "number")],
            "guid" => [("type", "string"), ("format", "uuid")],
            "datetime" => [("type", "string"), ("format", "date-time")],
            "alpha" => [("type", "string"), ("pattern", "^[A-Za-z]*$")],
            "regex" => [("type", "string"), ("pattern", arguments)],
            "min" => [("type", "integer"), ("minimum", Number(arguments))],
            "max" => [("type", "integer"), ("maximum", Number(arguments))],
            "range" => [("type", "integer"), ("minimum", Number(each[0])), ("maximum", Number(each[^1]))],
            "minlength" => [("type", "string"), ("minLength", Number(arguments))],
            "maxlength" => [("type", "string"), ("maxLength", Number(arguments))],
            "length" => [("type", "string"), ("minLength", Number(each[0])), ("maxLength", Number(each[^1]))],
            _ => [],
        };
        foreach ((string name, JsonNode? value) in words)
        {
            schema[name] = value;
        }
    }

    private static JsonNode? Number(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null;
}
