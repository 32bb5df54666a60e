using System.Diagnostics;
using System.Globalization;

namespace Heal.Activities.Tests;

/// <summary>
/// A real Kubernetes of these tests' own: etcd, API server, controllers and scheduler as processes on this machine. It has no nodes but
/// those that tests make as objects, so that any part of it may be broken without anybody else noticing.
/// </summary>
internal sealed class ControlPlane
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _folder = Directory.CreateTempSubdirectory("heal-plane-").FullName;

    /// <summary>The most that its storage holds, in bytes; 0: as etcd's own limit says. Default: what a test can fill in seconds.</summary>
    public long? StorageQuota { get; init; }

    public string Kubeconfig { get; private set; } = "";

    /// <summary>Where its storage answers over HTTP.</summary>
    public Uri Etcd { get; private set; } = null!;

    /// <summary>Where its certificates and keys are.</summary>
    public string Certificates => Path.Combine(_folder, "certs");

    public async Task StartAsync()
    {
        // Only the form of the tests that has built Kubernetes may ask for one.
        TestServices.Required(TestServices.Kubeconfig);
        var settings = (await ControlAsync("up")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        (Kubeconfig, Etcd) = (settings["KUBECONFIG"], new Uri(settings["ETCD"]));
    }

    /// <summary>SIGKILL to the API server.</summary>
    public Task CrashAsync() => ControlAsync("crash");

    /// <summary>Starts the API server again, and waits until it answers.</summary>
    public Task RestartAsync() => ControlAsync("start");

    /// <summary>Starts, or starts again, another API server on the same storage, which shows another certificate.</summary>
    /// <param name="certificate">Name of a pair of files among <see cref="Certificates"/>.</param>
    /// <param name="plugin">An admission plugin that it has beside those of the first.</param>
    /// <returns>Where it answers.</returns>
    public async Task<Uri> AnotherAsync(string certificate, string? plugin = null)
    {
        const string Setting = "SERVER=";
        var lines = (await ControlAsync("another", plugin is null ? [certificate] : [certificate, plugin])).Split('\n');
        return new Uri(lines.Single(line => line.StartsWith(Setting, StringComparison.Ordinal))[Setting.Length..]);
    }

    /// <summary>Ends that other one.</summary>
    public Task EndAnotherAsync() => ControlAsync("alone");

    /// <summary>SIGSTOP to etcd: the storage has no quorum any more.</summary>
    public Task FreezeAsync() => ControlAsync("freeze");

    public Task ThawAsync() => ControlAsync("thaw");

    public Task StopAsync() => ControlAsync("down");

    /// <summary>Brings objects of this repository into it: those of a file (-f), or of a folder with a kustomization (-k).</summary>
    public Task ApplyAsync(string how, string path) => KubectlAsync("apply", how, PathOf(path));

    /// <returns>What it printed.</returns>
    /// <exception cref="InvalidOperationException">It failed; its words are in the message.</exception>
    public Task<string> KubectlAsync(params IReadOnlyList<string> arguments) =>
        RunAsync("kubectl", ["--kubeconfig", Kubeconfig, .. arguments]);

    /// <param name="path">From the root of this repository.</param>
    public static string PathOf(string path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Functions.sln"))) folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? throw new InvalidOperationException(
            $"No folder above {AppContext.BaseDirectory} holds Functions.sln."), path);
    }

    private Task<string> ControlAsync(string command, params IReadOnlyList<string> arguments) =>
        RunAsync(PathOf("eng/kube/private-control-plane.sh"), [command, _folder, .. arguments]);

    private async Task<string> RunAsync(string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        if (StorageQuota is { } quota) start.Environment["STORAGE_QUOTA"] = quota.ToString(CultureInfo.InvariantCulture);
        using var limit = new CancellationTokenSource(Patience);
        using var process = Process.Start(start)!;
        var words = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return process.ExitCode == 0 ? await words : throw new InvalidOperationException(
            $"{Path.GetFileName(program)} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await words}{await errors}");
    }
}
