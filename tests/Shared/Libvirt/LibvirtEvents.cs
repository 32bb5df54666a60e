using System.Diagnostics;

namespace Heal.Shared.Tests;

/// <summary>What libvirt tells of a host, as its own shell hears it: a witness of effects that shares nothing with the driver.</summary>
internal sealed class LibvirtEvents : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _uri;
    private readonly Process _shell;
    private readonly List<string> _lines = [];
    private readonly SemaphoreSlim _more = new(0);

    private LibvirtEvents(string uri, Process shell) => (_uri, _shell) = (uri, shell);

    /// <returns>Once it hears.</returns>
    public static async Task<LibvirtEvents> ListenAsync(string uri)
    {
        // a line at a time: to a pipe the shell would say nothing before it has four kilobytes
        var shell = Process.Start(new ProcessStartInfo("stdbuf", ["-oL", "virsh", "-q", "-c", uri, "event", "--all", "--loop"])
        {
            RedirectStandardOutput = true, UseShellExecute = false,
        })!;
        var events = new LibvirtEvents(uri, shell);
        shell.OutputDataReceived += (_, line) => events.Take(line.Data);
        shell.BeginOutputReadLine();
        using var patience = new CancellationTokenSource(Patience);
        while (!await events.HeardMarkAsync(TimeSpan.FromSeconds(1), patience.Token))
        {
        }

        return events;
    }

    /// <summary>How often something was told of a domain, all that has happened by now included.</summary>
    /// <param name="words">For example <c>Started Booted</c>, or <c>'reboot'</c> for an event that has no details.</param>
    public async Task<int> CountAsync(string domain, string words)
    {
        using var patience = new CancellationTokenSource(Patience);
        Assert.True(await HeardMarkAsync(Timeout.InfiniteTimeSpan, patience.Token));
        lock (_lines)
        {
            return _lines.Count(line => line.Contains($"domain '{domain}'", StringComparison.Ordinal)
                && line.Contains(words, StringComparison.Ordinal));
        }
    }

    /// <summary>Everything that was told, for messages.</summary>
    public override string ToString()
    {
        lock (_lines) return string.Join('\n', _lines);
    }

    public async ValueTask DisposeAsync()
    {
        _shell.Kill(entireProcessTree: true);
        await _shell.WaitForExitAsync();
        _shell.Dispose();
        _more.Dispose();
    }

    // Events come in order: what happened before a domain came and went was told before that.
    private async Task<bool> HeardMarkAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        var mark = $"mark-{Guid.NewGuid():n}";
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(
                file, $"<domain type='qemu'><name>{mark}</name><memory>1024</memory><os><type>hvm</type></os></domain>", cancellationToken);
            await LibvirtRig.VirshAsync(_uri, "define", file);
            await LibvirtRig.VirshAsync(_uri, "undefine", mark);
        }
        finally
        {
            File.Delete(file);
        }

        while (!Has(mark))
        {
            Assert.False(_shell.HasExited, $"virsh event ended by itself:\n{this}");
            if (!await _more.WaitAsync(within, cancellationToken)) return false;
        }

        return true;
    }

    private bool Has(string mark)
    {
        lock (_lines) return _lines.Exists(line => line.Contains($"'{mark}': Undefined", StringComparison.Ordinal));
    }

    private void Take(string? line)
    {
        if (line is null) return;
        lock (_lines) _lines.Add(line);
        _more.Release();
    }
}
