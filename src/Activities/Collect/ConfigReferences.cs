using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>The ConfigMaps and Secrets that a pod template refers to and cannot do without.</summary>
internal static class ConfigReferences
{
    /// <returns>Kind and name, ConfigMaps first, in the order of their names.</returns>
    public static IReadOnlySet<(string Kind, string Name)> Of(JsonObject? template)
    {
        var names = new SortedSet<(string Kind, string Name)>();
        if (template is null) return names;
        if (Spec(template) is not { } spec) return names;
        foreach (var volume in spec.Volumes ?? []) OfVolume(volume, names);
        foreach (var container in spec.Containers.Concat(spec.InitContainers ?? []))
        {
            foreach (var source in container.EnvFrom ?? [])
            {
                Add(names, ConfigEvidence.ConfigMap, source.ConfigMapRef?.Name, source.ConfigMapRef?.Optional);
                Add(names, ConfigEvidence.Secret, source.SecretRef?.Name, source.SecretRef?.Optional);
            }

            foreach (var variable in container.Env ?? [])
            {
                var (map, secret) = (variable.ValueFrom?.ConfigMapKeyRef, variable.ValueFrom?.SecretKeyRef);
                Add(names, ConfigEvidence.ConfigMap, map?.Name, map?.Optional);
                Add(names, ConfigEvidence.Secret, secret?.Name, secret?.Optional);
            }
        }

        return names;
    }

    // What a custom kind calls its template may be none of a pod.
    private static PodSpec? Spec(JsonObject template)
    {
        try
        {
            return PodTemplate.Spec(template);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void OfVolume(Volume volume, SortedSet<(string Kind, string Name)> names)
    {
        Add(names, ConfigEvidence.ConfigMap, volume.ConfigMap?.Name, volume.ConfigMap?.Optional);
        Add(names, ConfigEvidence.Secret, volume.Secret?.SecretName, volume.Secret?.Optional);
        if (volume.Field("projected", "sources") is not { ValueKind: JsonValueKind.Array } sources) return;
        foreach (var source in sources.EnumerateArray())
        {
            OfSource(source, "configMap", ConfigEvidence.ConfigMap, names);
            OfSource(source, "secret", ConfigEvidence.Secret, names);
        }
    }

    private static void OfSource(JsonElement source, string field, string kind, SortedSet<(string Kind, string Name)> names)
    {
        if (source.ValueKind != JsonValueKind.Object || !source.TryGetProperty(field, out var named)
            || named.ValueKind != JsonValueKind.Object) return;
        var optional = named.TryGetProperty("optional", out var value) && value.ValueKind == JsonValueKind.True;
        Add(names, kind, named.TryGetProperty("name", out var name) ? name.ToString() : null, optional);
    }

    private static void Add(SortedSet<(string Kind, string Name)> names, string kind, string? name, bool? optional)
    {
        if (!string.IsNullOrEmpty(name) && optional != true) names.Add((kind, name));
    }
}
