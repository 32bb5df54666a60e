using System.Collections.Concurrent;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>A shop on a real Kubernetes. Its namespaces have two nodes each, and somebody who stands for their kubelets.</summary>
public sealed class RealShop : Shop
{
    /// <summary>Before a watch that a fault has ended begins anew.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, StandInKubelet> _kubelets = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ending = new();
    private readonly Lazy<Task> _watching;

    public RealShop() => _watching = new(() => Task.WhenAll(StandInKubelet.Looked.Select(WatchAsync)));

    private StandInRuntime? _runtime;

    internal ControlPlane Plane { get; } = new();

    internal override int KubeletPort => _runtime!.Port;

    /// <summary>A client as somebody else, who has the rights that he is given.</summary>
    internal KubernetesClient As(string user, Action<KubernetesClientOptions>? configure = null)
    {
        // A colon in it would be taken for the end of one of several paths.
        var path = Path.Combine(Plane.Certificates, $"{user.Replace(':', '-')}.conf");
        if (!File.Exists(path))
        {
            var own = File.ReadAllText(Plane.Kubeconfig);
            File.WriteAllText(path, own.Replace("user: {", $"user: {{as: {user}, ", StringComparison.Ordinal));
        }

        return new ClusterAddress(null, path).Connect(configure);
    }

    private protected override async Task<ClusterAddress> StartClusterAsync()
    {
        await Plane.StartAsync();
        _runtime = await StandInRuntime.StartAsync(Plane);
        var address = new ClusterAddress(null, Plane.Kubeconfig);
        using var client = address.Connect();
        await ForeignKinds.DefineAsync(client);
        await Plane.ApplyAsync("-f", "deploy/kubernetes/roles.yaml");
        return address;
    }

    private protected override async Task StopClusterAsync()
    {
        await _ending.CancelAsync();
        await _watching.Value;
        _ending.Dispose();
        await Plane.StopAsync();
        if (_runtime is not null) await _runtime.DisposeAsync();
    }

    private protected override async Task FurnishAsync(Stall stall)
    {
        await stall.AddNodesAsync();
        _kubelets[stall.Namespace] = stall.Kubelet = new StandInKubelet(stall);
        _ = _watching.Value;
        await stall.UntilAsync(new("", "ServiceAccount"), "default", _ => true);
    }

    // One watch of a kind for all namespaces: each takes a connection, and a client has a limit for these.
    private async Task WatchAsync(ResourceKind kind)
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                await foreach (var change in Client.WatchAsync<KubernetesObject>(kind, null, new WatchOptions(), _ending.Token))
                {
                    if (change.Type != WatchEventType.Deleted
                        && _kubelets.TryGetValue(change.Object.Metadata.Namespace ?? "", out var kubelet))
                    {
                        await kubelet.SeeAsync(kind, change.Object.ToJson());
                    }
                }
            }
            catch (Exception e) when (_ending.IsCancellationRequested || e is KubernetesUnreachableException or KubernetesApiException)
            {
                // At the end, or while a test has taken the API server away: begun anew, it tells of everything that there is.
                await Task.Delay(Pause, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}

/// <summary>Tests on one real Kubernetes, one after the other: some of them break it for a while.</summary>
[CollectionDefinition(Name)]
public sealed class RealShopCollection : ICollectionFixture<RealShop>
{
    public const string Name = "real shop";
}
