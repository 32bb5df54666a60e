using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Heal.Simulator.Api;

namespace Heal.Simulator.Objects;

/// <summary>
/// A label selector: all requirements must hold. Understands the query syntax and the <c>matchLabels</c>/<c>matchExpressions</c> form.
/// </summary>
internal sealed partial class LabelSelector
{
    public static readonly LabelSelector Everything = new([]);

    private readonly IReadOnlyList<Requirement> _requirements;

    private LabelSelector(IReadOnlyList<Requirement> requirements) => _requirements = requirements;

    public bool IsEmpty => _requirements.Count == 0;

    public bool Matches(JsonObject o) => MatchesLabels(o.Object("metadata", "labels"));

    public bool MatchesLabels(JsonObject? labels) => _requirements.All(r => r.Holds(labels.Text(r.Key)));

    public static LabelSelector Parse(string? query)
    {
        if (string.IsNullOrWhiteSpace(query))
            return Everything;
        var requirements = new List<Requirement>();
        foreach (var part in SplitOutsideParentheses(query))
            requirements.Add(ParseOne(part.Trim(), query));
        return new LabelSelector(requirements);
    }

    public static LabelSelector FromObject(JsonNode? selector)
    {
        var requirements = selector.Texts("matchLabels").Select(p => new Requirement(p.Key, "In", [p.Value])).ToList();
        foreach (var e in selector.Items("matchExpressions"))
        {
            var values = e.At("values") is JsonArray a ? a.Select(v => v?.ToString() ?? "").ToArray() : [];
            requirements.Add(new Requirement(e.Text("key") ?? "", e.Text("operator") ?? "In", values));
        }
        return new LabelSelector(requirements);
    }

    public static LabelSelector FromMap(JsonNode? labels)
        => new([.. labels.Texts().Select(p => new Requirement(p.Key, "In", [p.Value]))]);

    private static IEnumerable<string> SplitOutsideParentheses(string query)
    {
        var depth = 0;
        var start = 0;
        for (var i = 0; i < query.Length; i++)
        {
            depth += query[i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (query[i] != ',' || depth != 0)
                continue;
            yield return query[start..i];
            start = i + 1;
        }
        yield return query[start..];
    }

    private static Requirement ParseOne(string text, string whole)
    {
        if (SetBased().Match(text) is { Success: true } set)
        {
            var values = set.Groups["values"].Value.Split(',', StringSplitOptions.TrimEntries);
            return new Requirement(set.Groups["key"].Value, set.Groups["operator"].Value == "in" ? "In" : "NotIn", values);
        }
        if (Equality().Match(text) is { Success: true } equality)
            return new Requirement(
                equality.Groups["key"].Value,
                equality.Groups["operator"].Value == "!=" ? "NotIn" : "In",
                [equality.Groups["value"].Value]);
        if (Existence().Match(text) is { Success: true } existence)
            return new Requirement(existence.Groups["key"].Value, existence.Groups["not"].Value == "!" ? "DoesNotExist" : "Exists", []);
        throw ApiException.BadRequest($"unable to parse requirement: found '{text}' in label selector '{whole}', "
            + "expected: key=value, key!=value, key in (a,b), key notin (a,b), key or !key");
    }

    [GeneratedRegex(
        @"^(?<key>[\w./-]+)\s+(?<operator>in|notin)\s*\((?<values>[^()]*)\)$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex SetBased();

    [GeneratedRegex(
        @"^(?<key>[\w./-]+)\s*(?<operator>==|=|!=)\s*(?<value>[\w.-]*)$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Equality();

    [GeneratedRegex(@"^(?<not>!?)\s*(?<key>[\w./-]+)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Existence();

    private sealed record Requirement(string Key, string Operator, string[] Values)
    {
        public bool Holds(string? value) => Operator switch
        {
            "In" => value is not null && Values.Contains(value),
            "NotIn" => value is null || !Values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
    }
}
