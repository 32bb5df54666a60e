namespace Heal.Simulator.Objects;

/// <summary>Resources that stand beside workloads: backends, bounds, storage, and the usage that a metrics server would report.</summary>
internal static class FurtherResources
{
    public static readonly ResourceType LimitRanges = new("", "v1", "limitranges", "LimitRange", true) { ShortNames = ["limits"] };
    public static readonly ResourceType PersistentVolumes = new("", "v1", "persistentvolumes", "PersistentVolume", false)
        { ShortNames = ["pv"], Subresources = ["status"] };
    public static readonly ResourceType EndpointSlices =
        new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true) { HasGeneration = true };
    public static readonly ResourceType StorageClasses =
        new("storage.k8s.io", "v1", "storageclasses", "StorageClass", false) { ShortNames = ["sc"] };

    /// <summary>Written by whoever plays the metrics server; without it they are served and empty.</summary>
    public static readonly ResourceType PodMetrics = new("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", true);
    public static readonly ResourceType NodeMetrics = new("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", false);

    public static readonly IReadOnlyList<ResourceType> Served =
        [LimitRanges, PersistentVolumes, EndpointSlices, StorageClasses, PodMetrics, NodeMetrics];
}
