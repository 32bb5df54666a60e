namespace Heal.Cluster.Tests;

/// <summary>Debian's Prometheus and Alertmanager for the cluster, run by the scripts of eng/kube.</summary>
internal static class Monitoring
{
    public static readonly Uri AlertmanagerUrl = new("http://127.0.0.1:19093");

    /// <summary>Starts both, or points the running ones to another webhook.</summary>
    /// <param name="keyFile">Holds the function key, which no command line may show.</param>
    public static Task StartAsync(Uri webhook, string keyFile) =>
        Command.RunAsync(Script("mon-up.sh"), webhook.ToString(), keyFile);

    public static Task StopAsync() => Command.RunAsync(Script("mon-down.sh"));

    private static string Script(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
        {
            folder = folder.Parent;
        }

        return folder is null
            ? throw new InvalidOperationException(
                $"No folder above {AppContext.BaseDirectory} holds Functions.sln, with eng/kube beside it.")
            : Path.Combine(folder.FullName, "eng", "kube", name);
    }
}
