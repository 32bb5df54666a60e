using System.Globalization;
using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Describes an object of any kind by what all kinds have in common: identity, conditions, and plain values with their
/// paths.</summary>
internal static class ObjectFacts
{
    // The template is described by the revisions, the conditions by themselves; contents are never kept; the rest is long and says little.
    private static readonly string[] LeftOut =
    [
        "apiVersion", "kind", "metadata", "template", "jobTemplate", "conditions", "data", "stringData", "binaryData", "images", "caBundle",
        "volumesAttached", "volumesInUse", "volumeClaimTemplates",
    ];

    // Names of Secrets are no secrets.
    private static readonly string[] NamesOfSecrets = ["secretName", "secretNamespace", "secretRef", "imagePullSecrets", "secrets"];

    /// <param name="omitted">Plain values beyond <see cref="EvidenceLimits.Facts"/>.</param>
    public static ObjectEvidence Describe(KubernetesObject found, string kind, out int omitted)
    {
        var metadata = found.Metadata;
        var facts = Of(found, EvidenceLimits.Facts, out omitted);
        return new ObjectEvidence(
            $"{kind.ToLowerInvariant()}/{metadata.Name}",
            found.ApiVersion ?? "",
            found.Kind ?? kind,
            metadata.Namespace ?? "",
            metadata.Name ?? "",
            metadata.Uid ?? "",
            metadata.ResourceVersion,
            metadata.Generation ?? 0,
            found.Field("status", "observedGeneration") is { ValueKind: JsonValueKind.Number } seen && seen.TryGetInt64(out var n) ? n : 0,
            metadata.CreationTimestamp,
            metadata.DeletionTimestamp,
            [.. (metadata.Finalizers ?? []).Take(EvidenceLimits.Conditions)
                .Select(name => SafeText.Line(name, EvidenceLimits.FactLength))],
            Ownership.Of(metadata),
            Conditions(found),
            facts);
    }

    public static IReadOnlyList<ConditionEvidence> Conditions(KubernetesObject found)
    {
        if (found.Field("status", "conditions") is not { ValueKind: JsonValueKind.Array } list) return [];
        return
        [
            .. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object).Take(EvidenceLimits.Conditions)
                .Select(item => new ConditionEvidence(
                    Text(item, "type"), Text(item, "status") == "True", Text(item, "reason"), Text(item, "message"),
                    DateTimeOffset.TryParse(Text(item, "lastTransitionTime"), CultureInfo.InvariantCulture,
                        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var since) ? since : null)),
        ];
    }

    public static IReadOnlyList<ConditionEvidence> Conditions(IReadOnlyList<Condition>? conditions) =>
    [
        .. (conditions ?? []).Take(EvidenceLimits.Conditions).Select(condition => new ConditionEvidence(
            Clean(condition.Type), condition.IsTrue, Clean(condition.Reason), Clean(condition.Message), condition.LastTransitionTime)),
    ];

    /// <summary>Plain values: those of the status first when there are too many, the less nested before the more; in the order of their
    /// paths.</summary>
    public static IReadOnlyList<FactEvidence> Of(KubernetesObject found, int limit) => Of(found, limit, out _);

    public static IReadOnlyList<FactEvidence> Of(KubernetesObject found, int limit, out int omitted)
    {
        var facts = new List<Raw>();
        foreach (var (name, value) in found.OtherFields ?? new Dictionary<string, JsonElement>())
        {
            if (!LeftOut.Contains(name)) Walk(name, value, secret: false, name == "status" ? 0 : 1, 1, facts);
        }

        omitted = Math.Max(0, facts.Count - limit);
        return
        [
            .. facts.OrderBy(item => item.Rank).ThenBy(item => item.Depth).ThenBy(item => item.Path, StringComparer.Ordinal).Take(limit)
                .OrderBy(item => item.Path, StringComparer.Ordinal).Select(Describe),
        ];
    }

    public static string Text(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? Clean(value.GetString()) : "";

    private static void Walk(
        string path, JsonElement value, bool secret, int rank, int depth, List<Raw> facts)
    {
        if (depth > EvidenceLimits.FactDepth) return;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var hides = secret || IsSecretVariable(value);
                foreach (var field in value.EnumerateObject().Where(field => !LeftOut.Contains(field.Name)))
                {
                    var step = $"{path}.{SafeText.Line(field.Name, EvidenceLimits.FactLength)}";
                    var isSecret = (hides && field.Name == "value")
                        || (Scrubber.IsSecretName(field.Name) && !NamesOfSecrets.Contains(field.Name));
                    Walk(step, field.Value, secret || isSecret, rank, depth + 1, facts);
                }

                break;
            case JsonValueKind.Array:
                foreach (var (item, index) in value.EnumerateArray().Take(EvidenceLimits.FactItems).Select((item, index) => (item, index)))
                {
                    Walk(string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"), item, secret, rank, depth + 1, facts);
                }

                break;
            case JsonValueKind.Null or JsonValueKind.Undefined:
                break;
            default:
                facts.Add(new Raw(rank, depth, path, value, secret && value.ValueKind == JsonValueKind.String));
                break;
        }
    }

    // Cleaning comes last, for the values that are kept.
    private static FactEvidence Describe(Raw raw) => new(
        SafeText.Line(raw.Path, EvidenceLimits.FactLength),
        SafeText.Line(raw.IsSecret ? Scrubber.Redacted : Scrubber.Scrub(Short(raw.Value)), EvidenceLimits.FactLength));

    private static bool IsSecretVariable(JsonElement item) => Text(item, "name") is { Length: > 0 } name && Scrubber.IsSecretName(name);

    private static string Short(JsonElement value) =>
        SafeText.Clean(value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText(), 4 * EvidenceLimits.FactLength);

    private static string Clean(string? text) =>
        SafeText.Line(Scrubber.Scrub(SafeText.Clean(text, 4 * EvidenceLimits.MessageLength)), EvidenceLimits.MessageLength);

    private sealed record Raw(int Rank, int Depth, string Path, JsonElement Value, bool IsSecret);
}
