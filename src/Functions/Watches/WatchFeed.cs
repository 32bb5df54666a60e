using Heal.Activities;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Functions.Alerts;
using Heal.Healing;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Functions.Watches;

/// <summary>
/// Watches the cluster while it is this host's turn (<see cref="WatchTurn"/>), and brings what the detectors find to the intake. At least
/// once: a signal that could not be stored is stored later, and copies are recognised by their id.
/// </summary>
internal sealed partial class WatchFeed(
    WatchSettings settings,
    IOptionsMonitor<HealOptions> options,
    KubernetesCaches caches,
    IKubernetesClient cluster,
    SignalIntake intake,
    IKnownEpisodes known,
    IWatchLease lease,
    WatchMetrics metrics,
    TimeProvider time,
    ILogger<WatchFeed> logger)
    : BackgroundService
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    /// <summary>Faults that were found longer ago are found anew.</summary>
    private static readonly TimeSpan KnownFor = TimeSpan.FromDays(7);

    private readonly WatchTurn _turn = new(lease, $"cluster {options.CurrentValue.Cluster}", intake, time, logger);

    /// <summary>From now on this host takes its turns. Returns at once.</summary>
    public void TakePart(DurableTaskClient client) => _turn.TakePart(client);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        settings.Enabled && cluster is not AbsentCluster ? _turn.RunAsync(KeepWatchingAsync, stoppingToken) : Task.CompletedTask;

    private async Task KeepWatchingAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await WatchAsync(cancellationToken);
            }
            catch (Exception failed)
            {
                // Nothing but the end of the turn ends the detection: it begins anew, with what the store knows.
                if (!cancellationToken.IsCancellationRequested)
                {
                    Log.Failed(logger, failed);
                    await Task.WhenAny(Task.Delay(AfterFailure, time, cancellationToken));
                }
            }
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        HealOptions heal = options.CurrentValue;
        var named = heal.Scope.Keys.Concat(settings.Namespaces).Where(static name => name != "*").ToHashSet(StringComparer.Ordinal);
        // Whoever lets the healer act or ask everywhere has put everything into its scope.
        var scope = new WatchScope(heal.Autonomy != Autonomy.Observe || settings.Namespaces.Contains("*"), named, settings.Nodes);
        IDetector[] detectors =
        [
            .. DetectorCatalogue.All(settings.Detectors).Where(static row => row.Value.Enabled).Select(static row => row.Detector),
        ];
        var bank = new DetectorBank(
            detectors, scope, (detector, seen, failed) => Log.DetectorFailed(logger, failed, detector.Info.Name, seen.Info.ToString()));
        bank.Adopt((await known.ReadAsync(time.GetUtcNow() - KnownFor, cancellationToken))
            .Where(static episode => episode.Signal.Target is not { } target || !TargetKinds.IsOnHypervisor(target.Kind)));

        using var session = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = new ClusterWatch(caches, cluster, settings, time, logger);
        (IReadOnlySet<string> awaited, Task running) = watch.Start(settings.AreAllNamespaces ? null : named, session.Token);
        Log.Began(logger, detectors.Length, awaited.Count);
        var outbox = new SignalOutbox(found => StoreAsync(found, session.Token));
        var loop = new DetectionLoop(bank, watch.Sightings, outbox, settings, metrics, time);
        Task judging = loop.RunAsync(awaited, () => Log.Synced(logger, bank.Cluster.Count), session.Token);
        Task storing = outbox.RunAsync(session.Token);
        try
        {
            await await Task.WhenAny(judging, storing, running);
        }
        finally
        {
            await session.CancelAsync();
            // All of it: nothing is stored any more once the turn has been given back.
            await Task.WhenAll(judging, storing, running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Waits for the store as long as it takes: meanwhile the caches merge what changes, and nothing that still holds is lost.
    private async Task StoreAsync(IReadOnlyList<FoundSignal> found, CancellationToken cancellationToken)
    {
        Signal[] signals = [.. found.Select(static one => one.Signal)];
        await _turn.StoreAsync(signals, (count, reason) => Log.NotStored(logger, count, reason), cancellationToken);
        foreach ((Signal signal, long? seenAt, long foundAt) in found)
        {
            string detector = signal.Alert.Label("detector") ?? "";
            metrics.Sent(detector, signal.Alert.Status.ToString());
            if (seenAt is { } at)
            {
                metrics.Took(time.GetElapsedTime(at));
            }

            Log.Sent(
                logger, detector, signal.Alert.Status, Show(signal.Target!), signal.Id, time.GetElapsedTime(foundAt).TotalMilliseconds,
                signal.Alert.Annotations.GetValueOrDefault("summary", ""));
        }
    }

    private static string Show(TargetCandidate target) =>
        target.Namespace.Length > 0 ? $"{target.Kind} {target.Namespace}/{target.Name}" : $"{target.Kind} {target.Name}";

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "This host watches the cluster: {Detectors} detectors on {Watches} watches.")]
        public static partial void Began(ILogger logger, int detectors, int watches);

        [LoggerMessage(Level = LogLevel.Information, Message = "Detection has seen all there is: {Objects} objects.")]
        public static partial void Synced(ILogger logger, int objects);

        [LoggerMessage(Level = LogLevel.Information,
            Message = "Detector {Detector}, {Status}: {Target} (signal {SignalId}, stored in {Milliseconds:0} ms): {Summary}")]
        public static partial void Sent(
            ILogger logger, string detector, AlertStatus status, string target, string signalId, double milliseconds, string summary);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Count} signals of detectors wait to be stored: {Reason}")]
        public static partial void NotStored(ILogger logger, int count, string reason);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "Detector {Detector} failed on {Target}, and goes on with the others. Its next fault of this kind is not told.")]
        public static partial void DetectorFailed(ILogger logger, Exception exception, string detector, string target);

        [LoggerMessage(Level = LogLevel.Error, Message = "The detection ended by a fault of its own, and begins anew.")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
