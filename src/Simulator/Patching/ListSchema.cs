namespace Heal.Simulator.Patching;

/// <summary>
/// Which lists of the built-in types are associative, and by which keys. One table for strategic merge (first key only)
/// and for field ownership (all keys). A list that is not here is atomic: replaced as a whole.
/// </summary>
internal static class ListSchema
{
    /// <summary>The keys of the list at that path (field names only, without list items); empty when the list is atomic.</summary>
    public static string[] Keys(string kind, IReadOnlyList<string> path)
    {
        var field = path[^1];
        var parent = path.Count > 1 ? path[^2] : "";
        return (field, parent) switch
        {
            ("containers" or "initContainers" or "ephemeralContainers", _) => ["name"],
            ("ports", "containers" or "initContainers" or "ephemeralContainers") => ["containerPort", "protocol"],
            ("ports", "spec") when kind == "Service" => ["port", "protocol"],
            ("env", _) => ["name"],
            ("volumeMounts", _) => ["mountPath"],
            ("volumeDevices", _) => ["devicePath"],
            ("volumes" or "imagePullSecrets", _) => ["name"],
            ("resourceClaims" or "schedulingGates" or "readinessGates", _) => [field == "readinessGates" ? "conditionType" : "name"],
            ("hostAliases", _) => ["ip"],
            ("topologySpreadConstraints", _) => ["topologyKey", "whenUnsatisfiable"],
            ("conditions", "status") => ["type"],
            ("ownerReferences", "metadata") => ["uid"],
            ("secrets", _) when kind == "ServiceAccount" => ["name"],
            ("taints", "spec") when kind == "Node" => ["key", "effect"],
            ("addresses", "status") when kind == "Node" => ["type"],
            _ => [],
        };
    }

    /// <summary>True for lists of plain values that merge as sets.</summary>
    public static bool IsSet(IReadOnlyList<string> path)
        => path is [.., "metadata", "finalizers"] or [.., "podCIDRs"];

    /// <summary>True for objects that have one owner as a whole.</summary>
    public static bool IsAtomicObject(string kind, IReadOnlyList<string> path) => path switch
    {
        ["spec", "selector"] => kind != "PersistentVolumeClaim",
        [.., "nodeSelector"] or [.., "labelSelector"] => true,
        [.., "configMapKeyRef" or "secretKeyRef" or "fieldRef" or "resourceFieldRef"] => true,
        _ => false,
    };
}
