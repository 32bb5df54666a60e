using System.Globalization;
using System.Text.Json.Nodes;

namespace Heal.Cluster.Tests;

/// <summary>
/// A Deployment in a namespace of its own on the real cluster, broken by kubectl as a person would, and looked at by kubectl.
/// </summary>
internal sealed class Workload : IAsyncDisposable
{
    /// <summary>Of the Secret of <c>workload.yaml</c>.</summary>
    public const string SecretValue = "nobody-is-to-read-this";

    public const string OperationAnnotation = "heal.internal/operation";

    // A pod that waits for an image leaves half a minute after its deletion, on a busy machine later.
    private static readonly TimeSpan SettleLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    private readonly int _others;

    private Workload(string ns, string name, int replicas, int others)
    {
        Namespace = ns;
        Name = name;
        Replicas = replicas;
        _others = others;
    }

    public string Namespace { get; }

    public string Name { get; }

    public int Replicas { get; }

    /// <summary>Creates it and waits until all replicas serve.</summary>
    /// <param name="autonomy">What the namespace allows the healer; null: the namespace says nothing.</param>
    /// <param name="progressDeadline">How long a rollout may stand still before it counts as stuck.</param>
    /// <param name="manifest">A file of the folder <c>manifests</c>.</param>
    /// <param name="ns">The namespace to make; null: one named after the workload.</param>
    /// <param name="others">Pods of other workloads that the manifest makes beside it.</param>
    public static async Task<Workload> CreateAsync(
        string name, int replicas, string? autonomy, TimeSpan? progressDeadline = null, string manifest = "workload.yaml",
        string? ns = null, int others = 0)
    {
        var workload = new Workload(ns ?? $"{name}-{Guid.NewGuid().ToString("N")[..6]}", name, replicas, others);
        double deadline = (progressDeadline ?? TimeSpan.FromMinutes(10)).TotalSeconds;
        string yaml = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "manifests", manifest));
        await Kubectl.ApplyAsync(yaml
            .Replace("@NAMESPACE@", workload.Namespace, StringComparison.Ordinal)
            .Replace("@NAME@", name, StringComparison.Ordinal)
            .Replace("@REPLICAS@", replicas.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@PROGRESS_DEADLINE@", deadline.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@SECRET@", SecretValue, StringComparison.Ordinal)
            .Replace("@POLICY@", await Kubectl.ServesAsync("policy/v1") ? "policy/v1" : "policy/v1beta1", StringComparison.Ordinal)
            .Replace("@ANNOTATIONS@", autonomy is null ? "" : $"heal.internal/autonomy: {autonomy}", StringComparison.Ordinal));
        await workload.RolloutAsync();
        return workload;
    }

    /// <summary>The crashloop fault: mounts a configuration that the program refuses.</summary>
    public Task MountBadConfigAsync() => InNamespaceAsync(
        "patch", "deployment", Name, "-p",
        $$$"""{"spec":{"template":{"spec":{"volumes":[{"name":"settings","configMap":{"name":"{{{Name}}}-bad"} }] } } } }""");

    /// <summary>The stuck-rollout fault: a tag that no registry has.</summary>
    public Task SetMissingImageAsync() => InNamespaceAsync("set", "image", $"deployment/{Name}", "program=localhost/busybox:never-built");

    /// <summary>The out-of-memory fault: a limit below what the program needs.</summary>
    public Task LimitMemoryAsync(string limit) => InNamespaceAsync("set", "resources", $"deployment/{Name}", $"--limits=memory={limit}");

    /// <summary>A change of a Deployment of the namespace that nothing minds, rolled out.</summary>
    public async Task ReleaseAsync(string deployment)
    {
        await InNamespaceAsync("set", "env", $"deployment/{deployment}", "RELEASE=2");
        await RolloutAsync(deployment);
    }

    public Task<JsonObject> GetAsync() => GetAsync("deployment");

    /// <summary>An object of another kind that has the workload's name.</summary>
    public Task<JsonObject> GetAsync(string kind) => Kubectl.GetAsync(kind, Name, "-n", Namespace);

    public async Task<long> GenerationAsync() => (long)(await GetAsync())["metadata"]!["generation"]!;

    public Task<string> UntilOperationAsync(TimeSpan timeout) => Kubectl.UntilTextAsync(
        Namespace,
        $"deployment/{Name}",
        $".metadata.annotations.{OperationAnnotation.Replace(".", "\\.", StringComparison.Ordinal)}",
        timeout);

    public async Task<int> RevisionCountAsync()
    {
        string history = await InNamespaceAsync("rollout", "history", $"deployment/{Name}");
        return history.Split('\n').Count(line => line.Length > 0 && char.IsAsciiDigit(line[0]));
    }

    /// <summary>
    /// Waits until the rollout is complete by kubectl's judgement, and until exactly the wanted pods are there, every one of them ready.
    /// </summary>
    public Task RolloutAsync() => RolloutAsync(Name);

    private async Task RolloutAsync(string deployment)
    {
        await InNamespaceAsync("rollout", "status", $"deployment/{deployment}", "--timeout=90s");
        using var limit = new CancellationTokenSource(SettleLimit);
        IReadOnlyList<JsonObject> pods;
        // the last pods of the revision before take a moment to leave
        while ((pods = await GetPodsAsync()).Count != Replicas + _others || !pods.All(IsReady))
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"{Namespace} had not just {Replicas + _others} ready pods within {SettleLimit}.");
            }

            await Task.Delay(Poll);
        }
    }

    public async Task<IReadOnlyList<JsonObject>> GetPodsAsync()
    {
        JsonObject list = await Kubectl.GetAsync("pods", "-n", Namespace);
        return [.. list["items"]!.AsArray().Select(pod => pod!.AsObject())];
    }

    /// <summary>Starts a shell command in a pod's first container, and leaves it running.</summary>
    public Task RunInAsync(JsonObject pod, string command) => AskAsync(pod, $"({command}) >/dev/null 2>&1 </dev/null &");

    /// <summary>Runs a shell command in a pod's first container.</summary>
    /// <returns>What it printed.</returns>
    public Task<string> AskAsync(JsonObject pod, string command) =>
        InNamespaceAsync("exec", (string)pod["metadata"]!["name"]!, "--", "sh", "-c", command);

    public static string? WaitsFor(JsonObject pod) => (string?)pod["status"]?["containerStatuses"]?[0]?["state"]?["waiting"]?["reason"];

    /// <summary>What a person would ask for first.</summary>
    public async Task<string> DescribeAsync() =>
        await InNamespaceAsync("get", "deployments,replicasets,pods", "-o", "wide")
        + await InNamespaceAsync("get", "events", "--sort-by=.metadata.creationTimestamp");

    public async ValueTask DisposeAsync() => await Kubectl.RunAsync("delete", "namespace", Namespace, "--wait=false");

    public static bool IsReady(JsonObject pod) => pod["status"]?["containerStatuses"]?.AsArray() is { } containers
        && containers.All(container => (bool)container!["ready"]!);

    private Task<string> InNamespaceAsync(params IReadOnlyList<string> arguments) => Kubectl.RunAsync(["-n", Namespace, .. arguments]);
}
