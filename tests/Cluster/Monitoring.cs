using System.Text.Json.Nodes;

namespace Heal.Cluster.Tests;

/// <summary>Debian's Prometheus and Alertmanager for the cluster, run by the scripts of eng/kube.</summary>
internal static class Monitoring
{
    public static readonly Uri AlertmanagerUrl = new("http://127.0.0.1:19093");

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>The repository's folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A webhook that nobody answers.</summary>
    public static Uri Nobody => new($"http://127.0.0.1:{HealProcess.FreePort()}/api/alerts");

    /// <summary>Starts both, or points the running ones to another webhook.</summary>
    /// <param name="keyFile">Holds the function key, which no command line may show; null: the webhook needs none.</param>
    public static Task StartAsync(Uri webhook, string? keyFile = null) =>
        Command.RunAsync(Script("mon-up.sh"), [webhook.ToString(), .. keyFile is null ? [] : new[] { keyFile }]);

    /// <summary>Starts both, with a webhook that goes astray: alerts fire and nobody hears of them.</summary>
    public static Task StartUnheardAsync() => StartAsync(Nobody);

    /// <summary>Waits until Alertmanager has that many active alerts of a namespace.</summary>
    public static async Task UntilAlertsFireAsync(string ns, int count, TimeSpan timeout)
    {
        using var http = new HttpClient();
        var alerts = new Uri(AlertmanagerUrl, $"/api/v2/alerts?active=true&filter=namespace%3D%22{ns}%22");
        using var limit = new CancellationTokenSource(timeout);
        while (JsonNode.Parse(await http.GetStringAsync(alerts))!.AsArray().Count < count)
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"Fewer than {count} alerts of {ns} fired within {timeout}.");
            }

            await Task.Delay(Poll);
        }
    }

    public static Task StopAsync() => Command.RunAsync(Script("mon-down.sh"));

    /// <summary>A script of eng/kube.</summary>
    public static string Script(string name) => Path.Combine(Root, "eng", "kube", name);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException(
            $"No folder above {AppContext.BaseDirectory} holds Functions.sln, with eng/kube beside it.");
    }
}
