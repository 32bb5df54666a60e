namespace Heal.Activities.Tests;

/// <summary>A shop on a real Kubernetes. Its namespaces have two nodes each, and somebody who stands for their kubelets.</summary>
public sealed class RealShop : Shop
{
    internal ControlPlane Plane { get; } = new();

    private protected override async Task<ClusterAddress> StartClusterAsync()
    {
        await Plane.StartAsync();
        return new ClusterAddress(null, Plane.Kubeconfig);
    }

    private protected override Task StopClusterAsync() => Plane.StopAsync();

    private protected override async Task FurnishAsync(Stall stall)
    {
        await stall.AddNodesAsync();
        stall.Kubelet = new StandInKubelet(stall);
        _ = stall.Kubelet.RunAsync();
        await stall.UntilAsync(new("", "ServiceAccount"), "default", _ => true);
    }
}

/// <summary>Tests on one real Kubernetes, one after the other: some of them break it for a while.</summary>
[CollectionDefinition(Name)]
public sealed class RealShopCollection : ICollectionFixture<RealShop>
{
    public const string Name = "real shop";
}
