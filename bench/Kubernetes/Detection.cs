using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Functions.Watches;
using Heal.Healing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Bench.Kubernetes;

/// <summary>
/// The healer's detection as it watches a cluster: all kinds, all detectors, every namespace. Signals end where the app would store them.
/// </summary>
internal sealed class Detection : IAsyncDisposable
{
    private static readonly TimeProvider Time = TimeProvider.System;

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WatchMetrics _metrics = new();
    private readonly DetectorBank _bank;
    private readonly Task _running;

    public Detection(KubernetesCaches caches, IKubernetesClient client)
    {
        var settings = new WatchSettings { SyncLimit = TimeSpan.FromMinutes(5) };
        IDetector[] detectors = [.. DetectorCatalogue.All(settings.Detectors).Select(row => row.Detector)];
        _bank = new DetectorBank(detectors, new WatchScope(true, new HashSet<string>(), true));
        var watch = new ClusterWatch(caches, client, settings, Time, NullLogger.Instance);
        var (awaited, following) = watch.Start(null, _stop.Token);
        var outbox = new SignalOutbox(found =>
        {
            var now = Time.GetUtcNow();
            foreach (var one in found)
                Found?.Invoke(one.Signal, now);
            return Task.CompletedTask;
        });
        var loop = new DetectionLoop(_bank, watch.Sightings, outbox, settings, _metrics, Time);
        _running = Task.WhenAll(
            following, outbox.RunAsync(_stop.Token), loop.RunAsync(awaited, () => _synced.TrySetResult(), _stop.Token));
    }

    /// <summary>Called when a signal is about to be stored.</summary>
    public Action<Signal, DateTimeOffset>? Found { get; set; }

    /// <summary>How many objects the detectors know.</summary>
    public int Objects => _bank.Cluster.Count;

    /// <summary>Waits until everything that there is has been seen.</summary>
    public async Task SyncedAsync() => await await Task.WhenAny(_synced.Task, _running);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // As asked.
        }

        _metrics.Dispose();
        _stop.Dispose();
    }
}
