using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>The resource that is at fault: what an incident is about. One open incident per key.</summary>
/// <param name="Kind">One of <see cref="TargetKinds"/>.</param>
/// <param name="Namespace">Empty for cluster-scoped kinds.</param>
public sealed record TargetReference(string Cluster, string Kind, string Namespace, string Name)
{
    private const int HashBytes = 8;

    /// <summary>cluster/namespace/kind/name, the identity under which incidents, budgets and operations are kept.</summary>
    [JsonIgnore]
    public string Key => $"{Cluster}/{Namespace}/{Kind}/{Name}";

    /// <summary>The orchestration id of the n-th incident of this target.</summary>
    public string IncidentId(int episode)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)).AsSpan(0, HashBytes));
        return $"incident-{hash}-{episode}";
    }

    public override string ToString() => Namespace.Length > 0 ? $"{Kind} {Namespace}/{Name}" : $"{Kind} {Name}";
}

/// <summary>The kinds of target that alerts name.</summary>
public static class TargetKinds
{
    public const string ApiService = "APIService";
    public const string Certificate = "Certificate";
    public const string Cluster = "Cluster";
    public const string CronJob = "CronJob";
    public const string DaemonSet = "DaemonSet";
    public const string Deployment = "Deployment";

    /// <summary>A machine that is no node of the cluster.</summary>
    public const string Host = "Host";
    public const string HorizontalPodAutoscaler = "HorizontalPodAutoscaler";
    public const string Job = "Job";
    public const string Namespace = "Namespace";
    public const string Node = "Node";
    public const string PersistentVolume = "PersistentVolume";
    public const string PersistentVolumeClaim = "PersistentVolumeClaim";
    public const string Pod = "Pod";
    public const string PodDisruptionBudget = "PodDisruptionBudget";
    public const string ReplicaSet = "ReplicaSet";
    public const string ResourceQuota = "ResourceQuota";
    public const string Service = "Service";
    public const string StatefulSet = "StatefulSet";
    public const string VirtualMachine = "VirtualMachine";
    public const string Hypervisor = "Hypervisor";

    /// <summary>Of a libvirt host.</summary>
    public const string StoragePool = "StoragePool";

    /// <summary>KubeVirt's.</summary>
    public const string VirtualMachineInstance = "VirtualMachineInstance";

    /// <summary>True for kinds that live in a namespace. A target of kind Namespace has its own name as its namespace.</summary>
    public static bool IsNamespaced(string kind) =>
        kind is not (ApiService or Cluster or Host or Hypervisor or Namespace or Node or PersistentVolume or StoragePool
            or VirtualMachine);

    /// <summary>True for kinds that alerts may name by address, or as host:port.</summary>
    public static bool IsMachine(string kind) => kind is Host or Hypervisor or Node;

    /// <summary>True for kinds that live on libvirt hosts: no cluster is asked about them.</summary>
    public static bool IsOnHypervisor(string kind) => kind is Hypervisor or StoragePool or VirtualMachine;
}
