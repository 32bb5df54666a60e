using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities;

/// <summary>Which labels a selector selects, judged here: one list of a namespace's Services instead of one request for each pod.</summary>
internal static class Selection
{
    private static readonly string[] Operators = ["In", "NotIn", "Exists", "DoesNotExist"];

    /// <summary>A selector with matchLabels and matchExpressions; empty selects everything, null nothing.</summary>
    public static bool Matches(LabelSelector? selector, IReadOnlyDictionary<string, string> labels) =>
        selector is not null
        && (selector.MatchLabels ?? new Dictionary<string, string>()).All(item => labels.GetValueOrDefault(item.Key) == item.Value)
        && (selector.MatchExpressions ?? []).All(expression => Matches(expression, labels));

    /// <summary>The selector at a path of an object: that of policies and workloads, or the plain map of a Service. Null for anything
    /// else: a custom kind may call something quite different a selector.</summary>
    public static LabelSelector? Of(JsonElement? selector)
    {
        if (selector is not { ValueKind: JsonValueKind.Object } fields) return null;
        var isPlain = fields.EnumerateObject().All(field => field.Value.ValueKind == JsonValueKind.String);
        if (!isPlain) return Read(fields);
        return new LabelSelector
        {
            MatchLabels = fields.EnumerateObject().DistinctBy(field => field.Name)
                .ToDictionary(field => field.Name, field => field.Value.GetString()!, StringComparer.Ordinal),
        };
    }

    private static LabelSelector? Read(JsonElement fields)
    {
        try
        {
            var selector = fields.Deserialize<LabelSelector>(JsonSerializerOptions.Web);
            var isOne = selector is { MatchLabels: not null } or { MatchExpressions: not null };
            return isOne && (selector!.MatchExpressions ?? []).All(item => Operators.Contains(item.Operator)) ? selector : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool Matches(LabelSelectorRequirement expression, IReadOnlyDictionary<string, string> labels)
    {
        var has = labels.TryGetValue(expression.Key, out var value);
        return expression.Operator switch
        {
            "In" => has && (expression.Values ?? []).Contains(value),
            "NotIn" => !has || !(expression.Values ?? []).Contains(value),
            "Exists" => has,
            "DoesNotExist" => !has,
            _ => false,
        };
    }
}
