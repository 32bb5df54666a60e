using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Bench.Kubernetes.Load;

/// <summary>Fills a cluster, and empties it again.</summary>
internal static class Seeder
{
    private const int Writers = 16;

    private static readonly TimeSpan MostToSettle = TimeSpan.FromMinutes(10);

    private static readonly ResourceKind Pods = new("", "Pod");
    private static readonly ResourceKind Deployments = new("apps", "Deployment");
    private static readonly ResourceKind Events = new("", "Event");

    /// <summary>Makes the objects (a simulator has them from its start) and gives each pod its status and an event.</summary>
    public static async Task FillAsync(KubernetesClient client, Settings settings)
    {
        var all = new ParallelOptions { MaxDegreeOfParallelism = Writers };
        if (settings.Kubeconfig is not null)
        {
            await client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = Settings.Namespace } });
            await Parallel.ForAsync(0, settings.Deployments, all, async (number, token) =>
                await client.CreateAsync(Deployments, Model(Objects.Deployment(number)), null, token));
            await Parallel.ForAsync(0, settings.Pods, all, async (number, token) =>
                await client.CreateAsync(Pods, Model(Objects.Pod(number, isSimulated: false)), null, token));
        }

        await Parallel.ForAsync(0, settings.Pods, all, async (number, token) =>
            await client.CreateAsync(Events, Model(Objects.Event(number)), null, token));
        var status = new WriteOptions { Subresource = "status" };
        await Parallel.ForAsync(0, settings.Pods, all, async (number, token) => await client.PatchAsync<KubernetesObject>(
            Pods, Settings.Namespace, Objects.PodName(number), Patch.Merge(Objects.PodStatus(number)), status, token));
        await SettleAsync(client, settings);
    }

    /// <summary>
    /// Waits until the controllers have done with the Deployments. They allow themselves 20 requests a second and would be at it while
    /// pods change, or while nothing is to change.
    /// </summary>
    private static async Task SettleAsync(KubernetesClient client, Settings settings)
    {
        using var limit = new CancellationTokenSource(MostToSettle, TimeProvider.System);
        var settled = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var change in client.WatchAsync<Deployment>(Settings.Namespace, cancellationToken: limit.Token))
        {
            if (change.Object is { Status: { } status, Metadata: { Name: { } name } metadata }
                && status.ObservedGeneration >= metadata.Generation && settled.Add(name) && settled.Count == settings.Deployments)
                return;
        }
    }

    public static async Task EmptyAsync(KubernetesClient client, Settings settings)
    {
        // First those that make pods anew.
        foreach (var ns in (string[])[Settings.Namespace, Settings.QuietNamespace])
            await client.DeleteAsync(Deployments, ns, BrokenDeployment.Name);
        // Nobody would end the containers of a pod that no kubelet has: deleted by force.
        var now = new DeleteOptions { GracePeriodSeconds = 0 };
        await Parallel.ForAsync(0, settings.Pods, new ParallelOptions { MaxDegreeOfParallelism = Writers }, async (number, token) =>
            await client.DeleteAsync(Pods, Settings.Namespace, Objects.PodName(number), now, token));
        await client.DeleteAsync<Namespace>(null, Settings.Namespace);
        await client.DeleteAsync<Namespace>(null, Settings.QuietNamespace);
    }

    private static KubernetesObject Model(System.Text.Json.Nodes.JsonObject json) => KubernetesObject.FromJson<KubernetesObject>(json);
}
