using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Heal.Cluster.Tests;

/// <summary>A node of the test cluster, that a test may drain or crash. Disposed, it is ready and schedulable again.</summary>
internal sealed class Node : IAsyncDisposable
{
    private Node(string name) => Name = name;

    public string Name { get; }

    /// <param name="autonomy">What the node's mark allows the healer.</param>
    public static async Task<Node> OfPodAsync(JsonObject pod, string? autonomy = null)
    {
        var node = new Node((string)pod["spec"]!["nodeName"]!);
        if (autonomy is not null)
        {
            await Kubectl.RunAsync("annotate", "node", node.Name, "--overwrite", $"heal.internal/autonomy={autonomy}");
        }

        return node;
    }

    public Task<JsonObject> GetAsync() => Kubectl.GetAsync("node", Name);

    public async Task<bool> IsCordonedAsync() => (bool?)(await GetAsync())["spec"]!["unschedulable"] == true;

    /// <summary>What a person does before a maintenance. The process ends when the node is empty.</summary>
    public Process Drain() => Kubectl.Start(
        "drain", Name, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=240s");

    /// <summary>Kills kubelet, containers and network as a power failure would.</summary>
    public Task CrashAsync() => Command.RunAsync(Monitoring.Script("node-down.sh"), Number, "--keep");

    public async ValueTask DisposeAsync()
    {
        await Command.RunAsync(Monitoring.Script("node-up.sh"), Number);
        await Kubectl.RunAsync("uncordon", Name);
        await Kubectl.RunAsync("annotate", "node", Name, "heal.internal/autonomy-");
    }

    private string Number => Name["node".Length..];
}
