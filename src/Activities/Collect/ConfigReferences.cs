using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities;

/// <summary>The ConfigMaps that a pod template refers to and cannot do without.</summary>
internal static class ConfigReferences
{
    public static IReadOnlySet<string> Of(JsonObject? template)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        if (template is null) return names;
        var spec = PodTemplate.Spec(template);
        foreach (var volume in spec.Volumes ?? [])
        {
            if (volume.ConfigMap is { Name: { } name, Optional: not true }) names.Add(name);
        }

        foreach (var container in spec.Containers.Concat(spec.InitContainers ?? []))
        {
            foreach (var source in container.EnvFrom ?? [])
            {
                if (source.ConfigMapRef is { Name: { } name, Optional: not true }) names.Add(name);
            }

            foreach (var variable in container.Env ?? [])
            {
                if (variable.ValueFrom?.ConfigMapKeyRef is { Name: { } name, Optional: not true }) names.Add(name);
            }
        }

        return names;
    }
}
