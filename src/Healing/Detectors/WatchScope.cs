namespace Heal.Healing;

/// <summary>Which objects the detectors look after. Opt-in, as for everything else: a mark on the workload or its namespace, or a setting.
/// </summary>
/// <param name="Everything">Every namespace.</param>
/// <param name="Namespaces">Namespaces that the settings name.</param>
/// <param name="Nodes">Nodes and other objects without a namespace.</param>
public sealed record WatchScope(bool Everything, IReadOnlySet<string> Namespaces, bool Nodes)
{
    public bool Contains(Observed observed, ClusterPicture cluster)
    {
        var info = observed.Info;
        if (info.IsMarked) return true;
        if (info.Namespace.Length == 0) return Nodes;
        return Everything || Namespaces.Contains(info.Namespace) || NamespaceOf(observed, cluster) is { Info.IsMarked: true }
            || cluster.TopOwner(observed).Seen is { Info.IsMarked: true };
    }

    /// <summary>Until when somebody's intent explains whatever the object shows; null when there is none.</summary>
    internal static DateTimeOffset? IntentUntil(Observed observed, ClusterPicture cluster)
    {
        if (NamespaceOf(observed, cluster) is not { } space) return Later(observed.Info, cluster.TopOwner(observed).Owner);
        return space.IsTerminating ? DateTimeOffset.MaxValue : Later(observed.Info, cluster.TopOwner(observed).Owner, space.Info);
    }

    private static DateTimeOffset? Later(params ReadOnlySpan<ObjectInfo> infos)
    {
        DateTimeOffset? latest = null;
        foreach (var info in infos)
        {
            if (info.MaintenanceUntil > (latest ?? DateTimeOffset.MinValue)) latest = info.MaintenanceUntil;
        }

        return latest;
    }

    private static ObservedNamespace? NamespaceOf(Observed observed, ClusterPicture cluster) =>
        cluster.Find(new ObservedKey(TargetKinds.Namespace, "", observed.Info.Namespace)) as ObservedNamespace;
}
