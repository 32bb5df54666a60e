using System.Diagnostics;

namespace Heal.Simulator.Tests;

/// <summary>The machine's real kubectl, pointed at a cluster. Its absence fails the test.</summary>
internal sealed class Kubectl : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("heal-sim-").FullName;

    public Kubectl(Cluster cluster, string ns = "demo")
        => File.WriteAllText(Path.Combine(_folder, "config"), Kubeconfig.For(cluster.Url, ns: ns));

    public async Task<string> RunAsync(string arguments, string? input = null)
    {
        var (code, output) = await TryAsync(arguments, input);
        Assert.True(code == 0, $"kubectl {arguments}: exit code {code}\n{output}");
        return output;
    }

    public async Task<(int Code, string Output)> TryAsync(string arguments, string? input = null)
    {
        var start = new ProcessStartInfo("kubectl")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments.Split(' '))
            start.ArgumentList.Add(argument.Replace('\u00a0', ' '));
        start.Environment["KUBECONFIG"] = Path.Combine(_folder, "config");
        start.Environment["HOME"] = _folder;
        using var process = Start(start);
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output + await error);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException(
                "kubectl is not installed: install Debian's kubernetes-client, or kubectl 1.32 into the PATH",
                e);
        }
    }
}
