using System.Text.Json.Nodes;

namespace Heal.Simulator.Patching;

/// <summary>RFC 7386: objects merge, null deletes, everything else replaces.</summary>
internal static class MergePatch
{
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
            return patch?.DeepClone();
        var result = target as JsonObject ?? [];
        foreach (var (name, change) in changes)
        {
            if (change is null)
            {
                result.Remove(name);
                continue;
            }
            result.TryGetPropertyValue(name, out var current);
            var merged = Apply(current, change);
            if (!ReferenceEquals(merged, current))
                result[name] = merged;
        }
        return result;
    }
}
