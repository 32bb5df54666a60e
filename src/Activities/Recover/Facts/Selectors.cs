using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>Label selectors as objects hold them: as text for lists, and matched against labels.</summary>
internal static class Selectors
{
    /// <summary>As list wants it; empty selects everything.</summary>
    public static string Text(JsonNode? selector)
    {
        var labels = selector.Texts("matchLabels").Select(label => $"{label.Key}={label.Value}");
        var expressions = selector.Items("matchExpressions").Select(Text);
        return string.Join(',', labels.Concat(expressions));
    }

    /// <summary>A selector of a Service: a map of labels, where an empty one selects nothing.</summary>
    public static bool MatchesMap(IReadOnlyDictionary<string, string> selector, IReadOnlyDictionary<string, string> labels) =>
        selector.Count > 0 && selector.All(pair => labels.TryGetValue(pair.Key, out var value) && value == pair.Value);

    /// <summary>A selector with matchLabels and matchExpressions; an empty one selects everything, a missing one nothing.</summary>
    public static bool Matches(JsonNode? selector, IReadOnlyDictionary<string, string> labels) =>
        selector is JsonObject
        && selector.Texts("matchLabels").All(pair => labels.TryGetValue(pair.Key, out var value) && value == pair.Value)
        && selector.Items("matchExpressions").All(expression => Matches(expression, labels));

    /// <summary>The labels without which a selector does not match; none for one that only says what must not be there.</summary>
    public static IEnumerable<string> Needed(JsonNode? selector) => selector.Texts("matchLabels").Keys.Concat(
        selector.Items("matchExpressions").Where(item => item.Text("operator") is "In" or "Exists").Select(item => item.Text("key") ?? ""));

    private static bool Matches(JsonObject expression, IReadOnlyDictionary<string, string> labels)
    {
        var has = labels.TryGetValue(expression.Text("key") ?? "", out var value);
        return expression.Text("operator") switch
        {
            "In" => has && Values(expression).Contains(value),
            "NotIn" => !has || !Values(expression).Contains(value),
            "Exists" => has,
            "DoesNotExist" => !has,
            _ => false,
        };
    }

    private static string Text(JsonObject expression) => expression.Text("operator") switch
    {
        "In" => $"{expression.Text("key")} in ({string.Join(',', Values(expression))})",
        "NotIn" => $"{expression.Text("key")} notin ({string.Join(',', Values(expression))})",
        "DoesNotExist" => $"!{expression.Text("key")}",
        _ => expression.Text("key") ?? "",
    };

    private static IEnumerable<string?> Values(JsonObject expression) =>
        expression["values"] is JsonArray values ? values.Select(value => value?.ToString()) : [];
}
