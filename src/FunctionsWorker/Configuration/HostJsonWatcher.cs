using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Azure.Functions.Worker.Logging;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>
/// Looks after changes of host.json while the host runs. Log levels take effect at once; for everything else the log names what needs a
/// restart, which follows where it is wanted, as it does on a change of what <c>watchFiles</c> and <c>watchDirectories</c> name then.
/// A faulty file changes nothing.
/// </summary>
internal sealed partial class HostJsonWatcher(
    HostSettings settings,
    HostLogLevels levels,
    HostRestart restart,
    IConfiguration configuration,
    TimeProvider time,
    ILogger<HostJsonWatcher> logger) : IHostedService, IDisposable
{
    // An editor writes in several steps, each of which is an event.
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(250);
    private const string LogLevels = "$.logging.logLevel";

    private readonly CancellationTokenSource _stopped = new();
    private readonly List<IDisposable> _watches = [];
    private volatile string? _changedFile;
    private int _changes;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (settings.Source?.Path is { } path)
        {
            Watch(Path.GetDirectoryName(path)!, Path.GetFileName(path), static () => { });
        }

        string[] others = restart.IsWanted
            ? [.. settings.WatchFiles.Select(static f => "**/" + f), .. settings.WatchDirectories.Select(static d => d + "/**/*")]
            : [];
        foreach (string pattern in others)
        {
            Watch(settings.ContentRoot, pattern, () => _changedFile = pattern);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _stopped.CancelAsync();

    public void Dispose()
    {
        _watches.ForEach(static w => w.Dispose());
        _stopped.Dispose();
    }

    private void Watch(string folder, string pattern, Action note)
    {
        try
        {
            var files = new PhysicalFileProvider(folder);
            _watches.Add(files);
            _watches.Add(ChangeToken.OnChange(() => files.Watch(pattern), () =>
            {
                note();
                _ = ChangedAsync();
            }));
        }
        catch (IOException exception)
        {
            // The system has a limit for watches (inotify): no reason not to start.
            Log.NotWatched(logger, Path.Combine(folder, pattern), exception.Message);
        }
    }

    private async Task ChangedAsync()
    {
        int change = Interlocked.Increment(ref _changes);
        try
        {
            await Task.Delay(Settled, time, _stopped.Token);
            if (change == Volatile.Read(ref _changes))
            {
                Apply();
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops: what the file says now is for the next start.
        }
        catch (Exception exception)
        {
            Log.NotRead(logger, settings.Source?.Path ?? settings.ContentRoot, exception.Message);
        }
    }

    private void Apply()
    {
        var faults = new List<string>();
        JsonObject before = settings.Source?.Json ?? [];
        HostJsonSource now = HostJsonSource.Read(settings.Source?.Path, configuration, faults);
        HostSettings changed = HostSettingsReader.Read(now, settings.ContentRoot, configuration, faults);
        if (faults.Count > 0)
        {
            Log.Faulty(logger, string.Join("; ", faults));
            return;
        }

        if (!Same(changed.LogLevels, levels.Current))
        {
            levels.Replace(changed.LogLevels);
            Log.LevelsApplied(logger, string.Join(", ", changed.LogLevels.Select(static l => $"{l.Key}={l.Value}")));
        }

        string[] waiting = [.. Differences(before, now.Json, "$")
            .Where(static p => !p.StartsWith(LogLevels, StringComparison.OrdinalIgnoreCase))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (waiting.Length > 0 && !restart.IsWanted)
        {
            Log.NeedsRestart(logger, string.Join(", ", waiting));
        }
        else if (waiting.Length > 0 || _changedFile is not null)
        {
            Restart(changed, waiting);
        }
    }

    private void Restart(HostSettings changed, string[] waiting)
    {
        if (restart.FaultsOf(changed) is { Count: > 0 } faults)
        {
            Log.NotRestarted(logger, string.Join("; ", faults));
            return;
        }

        restart.Begin(waiting.Length > 0
            ? $"host.json has changed ({string.Join(", ", waiting)})"
            : $"A watched file has changed ({_changedFile})");
    }

    private static bool Same(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        one.Count == other.Count && one.All(l => other.TryGetValue(l.Key, out string? level) && level == l.Value);

    private static IEnumerable<string> Differences(JsonNode? before, JsonNode? now, string path)
    {
        if (before is not JsonObject and not null || now is not JsonObject and not null || before is null && now is null)
        {
            return JsonNode.DeepEquals(before, now) ? [] : [path];
        }

        var (old, current) = (before as JsonObject ?? [], now as JsonObject ?? []);
        return old.Concat(current).Select(static p => p.Key).Distinct(StringComparer.OrdinalIgnoreCase)
            .SelectMany(name => Differences(old[name], current[name], $"{path}.{name}"));
    }

    private static partial class Log
    {
        [LoggerMessage(95, LogLevel.Information, "host.json has changed: log levels are now {Levels}")]
        public static partial void LevelsApplied(ILogger logger, string levels);

        [LoggerMessage(96, LogLevel.Warning, "host.json has changed: {Paths} take effect after a restart of the host, not before")]
        public static partial void NeedsRestart(ILogger logger, string paths);

        [LoggerMessage(116, LogLevel.Warning, "host.json has changed, and a host would not start with it: this one goes on. {Faults}")]
        public static partial void NotRestarted(ILogger logger, string faults);

        [LoggerMessage(97, LogLevel.Warning, "host.json has changed and is faulty: nothing of it is applied. {Faults}")]
        public static partial void Faulty(ILogger logger, string faults);

        [LoggerMessage(99, LogLevel.Warning, "Changes of {Path} will not be noticed: {Reason}")]
        public static partial void NotWatched(ILogger logger, string path, string reason);

        [LoggerMessage(98, LogLevel.Warning, "host.json has changed and cannot be read at {Path}: {Reason}")]
        public static partial void NotRead(ILogger logger, string path, string reason);
    }
}
