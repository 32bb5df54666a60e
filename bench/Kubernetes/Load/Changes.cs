using System.Text.Json;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Bench.Kubernetes.Load;

/// <summary>
/// Changes pods at a steady rate, in a process of its own. Each change carries the moment when it was sent; at the end it says in one line
/// of JSON how that went.
/// </summary>
internal static class Changes
{
    private const int WarmUp = 30;

    /// <summary>
    /// Connections, all of them open before it begins. Without a limit each moment in which the server is slow makes more of them, whose
    /// handshakes make it slower. A change that waits for one counts from when it was to be sent.
    /// </summary>
    private const int Connections = 16;

    public static async Task<int> RunAsync(string server, string kubeconfig, int rate, int count, int pods)
    {
        using var client = Cluster.Connect(server == "-" ? null : new Uri(server), kubeconfig == "-" ? null : kubeconfig, Connections);
        var time = TimeProvider.System;
        // What is compiled and connected at the first calls is no business of the server's.
        for (var i = 0; i < WarmUp; i++)
            await Task.WhenAll(Enumerable.Range(0, Connections).Select(pod => WarmAsync(client, pod, i)));
        var begin = time.GetTimestamp();
        var sent = new List<Task<double>>();
        var late = new List<double>();
        for (var i = 0; i < count; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / rate) - time.GetElapsedTime(begin);
            if (due > TimeSpan.Zero)
                await Task.Delay(due, time);
            late.Add((time.GetElapsedTime(begin) - TimeSpan.FromSeconds((double)i / rate)).TotalMilliseconds);
            sent.Add(TimedAsync(
                () => i % Settings.ChangesPerFault == 0 ? BreakAsync(client, Fault(i), time) : ChangeAsync(client, Healthy(i), time)));
        }

        var acknowledged = Latency.Of(await Task.WhenAll(sent))!;
        Console.WriteLine(JsonSerializer.Serialize(new ChangesSent(acknowledged.P50, acknowledged.P99, Latency.Of(late)!.P99)));
        // What it has used can be read as long as it lives.
        await Console.In.ReadToEndAsync();
        return 0;

        async Task<double> TimedAsync(Func<Task> change)
        {
            var start = time.GetTimestamp();
            await change();
            return time.GetElapsedTime(start).TotalMilliseconds;
        }

        // Those at the end break, each once; the others change, over and over.
        int Fault(int i) => pods - 1 - (i / Settings.ChangesPerFault % pods);
        int Healthy(int i) => (int)(i * 7919L % (pods - Math.Min(pods / 2, (count / Settings.ChangesPerFault) + 1)));
    }

    private static Task<Pod> ChangeAsync(KubernetesClient client, int pod, TimeProvider time) => client.PatchAsync<Pod>(
        Settings.Namespace, Objects.PodName(pod), Patch.Merge(Objects.Change(time.GetUtcNow())));

    private static Task<Pod> WarmAsync(KubernetesClient client, int pod, int round) => client.PatchAsync<Pod>(
        Settings.Namespace, Objects.PodName(pod), Patch.Merge(Objects.WarmUp(round)));

    private static Task<Pod> BreakAsync(KubernetesClient client, int pod, TimeProvider time) => client.PatchAsync<Pod>(
        Settings.Namespace, Objects.PodName(pod), Patch.Merge(Objects.CrashedStatus(time.GetUtcNow())),
        new WriteOptions { Subresource = "status" });
}

/// <summary>How the sending of changes went, in milliseconds.</summary>
/// <param name="AcknowledgedP50">From sending to the server's answer.</param>
/// <param name="AcknowledgedP99">The same.</param>
/// <param name="LateP99">From when a change was due to when it was sent.</param>
internal sealed record ChangesSent(double AcknowledgedP50, double AcknowledgedP99, double LateP99);
