using System.Diagnostics;

namespace Heal.Bench.Kubernetes.Load;

/// <summary>This program, started once more as something else.</summary>
internal sealed class Child : IAsyncDisposable
{
    private readonly Process _process;

    private Child(Process process) => _process = process;

    public static Child Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(Child).Assembly.Location);
        foreach (var argument in (string[])["child", .. arguments])
            start.ArgumentList.Add(argument);
        return new Child(Process.Start(start)!);
    }

    public int Id => _process.Id;

    public async Task<string> LineAsync() => await _process.StandardOutput.ReadLineAsync()
        ?? throw new InvalidOperationException("The child process ended without a word.");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
