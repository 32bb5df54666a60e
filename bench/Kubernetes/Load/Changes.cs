using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Bench.Kubernetes.Load;

/// <summary>Changes pods at a steady rate, in a process of its own. Each change carries the moment when it was sent.</summary>
internal static class Changes
{
    public static async Task<int> RunAsync(string server, string kubeconfig, int rate, int count, int pods)
    {
        using var client = Cluster.Connect(server == "-" ? null : new Uri(server), kubeconfig == "-" ? null : kubeconfig);
        var time = TimeProvider.System;
        await client.ListAsync<Namespace>(null);
        var begin = time.GetTimestamp();
        var sent = new List<Task>();
        for (var i = 0; i < count; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / rate) - time.GetElapsedTime(begin);
            if (due > TimeSpan.Zero)
                await Task.Delay(due, time);
            sent.Add(ChangeAsync(client, i * 7919 % pods, time));
        }

        await Task.WhenAll(sent);
        return 0;
    }

    private static Task<Pod> ChangeAsync(KubernetesClient client, int pod, TimeProvider time) => client.PatchAsync<Pod>(
        Settings.Namespace, Objects.PodName(pod), Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["annotations"] = new JsonObject
                {
                    [Objects.SentAnnotation] = time.GetUtcNow().UtcTicks.ToString(CultureInfo.InvariantCulture),
                },
            },
        }));
}
