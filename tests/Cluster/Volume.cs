using System.Text.Json.Nodes;

namespace Heal.Cluster.Tests;

/// <summary>
/// A volume on a node of the test cluster, and in place of the CSI driver that this cluster lacks, what makes it bigger when its claim
/// asks for more: by the contract of the external resizer, first the volume, then the PersistentVolume's capacity, then the claim's
/// status.
/// </summary>
internal sealed class Volume : IAsyncDisposable
{
    private const string OnNode = "1";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    private Volume(string name) => Name = name;

    /// <summary>Also that of its PersistentVolume, its StorageClass, and its claim's namespace.</summary>
    public string Name { get; }

    /// <param name="size">As mount(8) takes it, for example 24M.</param>
    public static async Task<Volume> CreateAsync(string size)
    {
        var volume = new Volume($"volume-{Guid.NewGuid().ToString("N")[..6]}");
        await volume.ResizeAsync(size);
        return volume;
    }

    /// <summary>Grows it whenever the claim asks for more than it has, until it is cancelled.</summary>
    public async Task ServeAsync(Workload workload, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            JsonObject claim = await workload.GetAsync("pvc");
            string wanted = (string)claim["spec"]!["resources"]!["requests"]!["storage"]!;
            if (wanted != (string?)claim["status"]!["capacity"]?["storage"])
            {
                await ResizeAsync(wanted.Replace("Mi", "M", StringComparison.Ordinal));
                await Kubectl.RunAsync("patch", "pv", Name, "-p", $$$"""{"spec":{"capacity":{"storage":"{{{wanted}}}"} } }""");
                claim["status"]!["capacity"]!["storage"] = wanted;
                await Kubectl.ReplaceRawAsync(
                    $"/api/v1/namespaces/{workload.Namespace}/persistentvolumeclaims/{workload.Name}/status", claim);
            }

            await Task.WhenAny(Task.Delay(Poll, cancellationToken));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Kubectl.RunAsync("delete", $"pv/{Name}", $"storageclass/{Name}", "--ignore-not-found", "--wait=false");
        await ResizeAsync("0");
    }

    private Task<string> ResizeAsync(string size) => Command.RunAsync(Monitoring.Script("volume.sh"), OnNode, Name, size);
}
