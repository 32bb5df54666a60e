using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Kubelet;

/// <summary>A ConfigMap that a container uses, and which of its keys (null: all).</summary>
internal sealed record UsedConfigMap(JsonObject Json, IReadOnlySet<string>? Keys)
{
    public bool Uses(string key) => Keys is null || Keys.Contains(key);
}

/// <summary>What a container takes from ConfigMaps and Secrets, and what of it is missing.</summary>
/// <param name="MissingMount">Volume and reason, when a mounted source does not exist.</param>
/// <param name="MissingEnvironment">Reason, when a source of an environment variable does not exist.</param>
internal sealed record ContainerInputs(
    IReadOnlyList<UsedConfigMap> ConfigMaps,
    (string Volume, string Reason)? MissingMount,
    string? MissingEnvironment)
{
    public static ContainerInputs Of(ObjectStore store, JsonObject pod, JsonObject container)
    {
        var used = new List<UsedConfigMap>();
        var mount = Mounts(store, pod, container, used);
        var environment = Environment(store, pod.Namespace(), container, used);
        return new ContainerInputs(used, mount, environment);
    }

    private static (string, string)? Mounts(ObjectStore store, JsonObject pod, JsonObject container, List<UsedConfigMap> used)
    {
        (string, string)? missing = null;
        var mounted = container.Items("volumeMounts").Select(m => m.Text("name")).ToHashSet();
        foreach (var volume in pod.Items("spec", "volumes").Where(v => mounted.Contains(v.Text("name"))))
        {
            foreach (var (source, kind, nameField) in new[] { ("configMap", "configmap", "name"), ("secret", "secret", "secretName") })
            {
                if (volume[source] is not JsonObject reference)
                    continue;
                var keys = reference["items"] is JsonArray ? reference.Items("items").Select(i => i.Text("key") ?? "").ToHashSet() : null;
                var problem = Use(
                    store, pod.Namespace(), kind, reference.Text(nameField) ?? "", keys, reference.Flag("optional") == true,
                    used, mounting: true);
                if (problem is not null)
                    missing ??= (volume.Text("name") ?? "", problem);
            }
        }
        return missing;
    }

    private static string? Environment(ObjectStore store, string ns, JsonObject container, List<UsedConfigMap> used)
    {
        string? missing = null;
        var whole = container.Items("envFrom")
            .SelectMany(e => new[] { ("configmap", e.Object("configMapRef")), ("secret", e.Object("secretRef")) });
        foreach (var (kind, reference) in whole.Where(r => r.Item2 is not null))
            missing ??= Use(store, ns, kind, reference.Text("name") ?? "", null, reference.Flag("optional") == true, used, mounting: false);
        var single = container.Items("env").Select(e => e.Object("valueFrom"))
            .SelectMany(v => new[] { ("configmap", v.Object("configMapKeyRef")), ("secret", v.Object("secretKeyRef")) });
        foreach (var (kind, reference) in single.Where(r => r.Item2 is not null))
        {
            var keys = new HashSet<string> { reference.Text("key") ?? "" };
            missing ??= Use(store, ns, kind, reference.Text("name") ?? "", keys, reference.Flag("optional") == true, used, mounting: false);
        }
        return missing;
    }

    private static string? Use(
        ObjectStore store, string ns, string kind, string name, HashSet<string>? keys,
        bool optional, List<UsedConfigMap> used, bool mounting)
    {
        var type = kind == "configmap" ? ResourceCatalog.ConfigMaps : ResourceCatalog.Secrets;
        if (store.Find(type, ns, name)?.Json is not { } found)
            return optional ? null : $"{kind} \"{name}\" not found";
        var absent = keys?.FirstOrDefault(k => found.At("data", k) is null && found.At("binaryData", k) is null);
        if (absent is not null && !optional)
            return mounting ? $"references non-existent config key: {absent}"
                : $"couldn't find key {absent} in {(kind == "configmap" ? "ConfigMap" : "Secret")} {ns}/{name}";
        if (kind == "configmap")
            used.Add(new UsedConfigMap(found, keys));
        return null;
    }
}
