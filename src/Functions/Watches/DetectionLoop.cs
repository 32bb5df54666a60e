using System.Threading.Channels;
using Heal.Activities;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Functions.Watches;

/// <summary>
/// The one thread of the detectors: takes sightings in order, lets the bank judge, and hands on its signals.
/// </summary>
internal sealed class DetectionLoop(
    DetectorBank bank, ChannelReader<Sighting> sightings, SignalOutbox outbox, WatchSettings settings, WatchMetrics metrics,
    TimeProvider time)
{
    /// <summary>Sightings between two looks at what time has made due.</summary>
    private const int Together = 500;

    /// <summary>What was seen before a watch began anew and has not come again; empty but for the moments between the two.</summary>
    private readonly Dictionary<string, HashSet<ObservedKey>> _unseen = new(StringComparer.Ordinal);

    /// <param name="awaited">What must have been synced before anything is judged.</param>
    /// <param name="onSynced">Called once it was.</param>
    public async Task RunAsync(IReadOnlySet<string> awaited, Action onSynced, CancellationToken cancellationToken)
    {
        var open = awaited.ToHashSet(StringComparer.Ordinal);
        DateTimeOffset syncLimit = time.GetUtcNow() + settings.SyncLimit;
        bool isSynced = false;
        // Of a kind that has not come nothing shows, and that is not the end of its faults.
        bool isComplete = false;
        Task<bool> more = sightings.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            await WaitAsync(more, isSynced ? bank.NextDue : syncLimit, cancellationToken);
            if (more.IsCompleted)
            {
                if (!await more)
                {
                    return;
                }

                for (int i = 0; i < Together && sightings.TryRead(out Sighting sighting); i++)
                {
                    if (sighting.Synced is { } name)
                    {
                        open.Remove(name);
                    }

                    await TakeAsync(sighting, cancellationToken);
                }

                more = sightings.WaitToReadAsync(cancellationToken).AsTask();
            }

            if (!isSynced && (open.Count == 0 || time.GetUtcNow() >= syncLimit))
            {
                (isSynced, isComplete) = (true, open.Count == 0);
                await SendAsync(bank.Synced(time.GetUtcNow(), isComplete), null, cancellationToken);
                onSynced();
            }
            else if (isSynced && !isComplete && open.Count == 0)
            {
                isComplete = true;
                bank.Complete(time.GetUtcNow());
            }

            if (isSynced)
            {
                await SendAsync(bank.Tick(time.GetUtcNow()), null, cancellationToken);
            }
        }
    }

    private ValueTask TakeAsync(Sighting sighting, CancellationToken cancellationToken)
    {
        metrics.Seen();
        DateTimeOffset now = time.GetUtcNow();
        IReadOnlyList<Signal> found = [];
        if (sighting.Begins is { } scope)
        {
            _unseen[scope.Name] = [.. Known(scope).Select(static known => known.Info.Key)];
        }
        else if (sighting.Synced is { } name && _unseen.Remove(name, out HashSet<ObservedKey>? unseen))
        {
            found = [.. unseen.SelectMany(key => bank.Remove(key, now))];
        }
        else if (sighting.Gone is { } gone && Observer.Of(gone, null, now) is { } last)
        {
            // A namesake may have come already.
            if (bank.Cluster.Find(last.Info.Key)?.Info.Uid == last.Info.Uid)
            {
                found = bank.Remove(last.Info.Key, now);
            }
        }
        else if (sighting.Seen is { } seen && Observe(seen, now) is { } observed)
        {
            foreach (HashSet<ObservedKey> awaited in _unseen.Values)
            {
                awaited.Remove(observed.Info.Key);
            }

            found = bank.Observe(observed, now);
        }
        else if (sighting.Usage is { } usage && Measured(usage) is { } claim)
        {
            found = bank.Observe(claim, now);
        }

        return SendAsync(found, sighting.At, cancellationToken);
    }

    private IEnumerable<Observed> Known(WatchedScope scope) => scope.Namespace is { } ns
        ? bank.Cluster.All<Observed>(scope.Kind, ns) : bank.Cluster.All<Observed>(scope.Kind);

    private Observed? Observe(KubernetesObject seen, DateTimeOffset now)
    {
        // Only a few kinds carry something over from before; the key is known once the object is observed.
        if (Observer.Of(seen, null, now) is not { } fresh)
        {
            return null;
        }

        return fresh is ObservedNode or ObservedClaim && bank.Cluster.Find(fresh.Info.Key) is { } before
            ? Observer.Of(seen, before, now) : fresh;
    }

    private ObservedClaim? Measured(VolumeUsage usage) =>
        bank.Cluster.Find(new ObservedKey(TargetKinds.PersistentVolumeClaim, usage.Namespace, usage.Claim)) is ObservedClaim claim
            ? claim with { MeasuredAt = usage.MeasuredAt, UsedBytes = usage.UsedBytes, CapacityBytes = usage.CapacityBytes }
            : null;

    private async ValueTask SendAsync(IReadOnlyList<Signal> signals, long? seenAt, CancellationToken cancellationToken)
    {
        foreach (Signal signal in signals)
        {
            await outbox.AddAsync(new FoundSignal(signal, seenAt, time.GetTimestamp()), cancellationToken);
        }
    }

    private async Task WaitAsync(Task<bool> more, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        if (more.IsCompleted)
        {
            return;
        }

        TimeSpan left = until is { } due ? due - time.GetUtcNow() : Timeout.InfiniteTimeSpan;
        if (until is not null && left <= TimeSpan.Zero)
        {
            return;
        }

        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // The longest wait that a timer takes is 49 days.
        TimeSpan pause = until is null || left > TimeSpan.FromDays(1) ? TimeSpan.FromDays(1) : left;
        await Task.WhenAny(more, Task.Delay(pause, time, timer.Token));
        await timer.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
