using System.Threading.Channels;
using Heal.Functions.Watches;
using Heal.Healing;

namespace Heal.Functions.Tests;

/// <summary>The thread of the detectors: when it judges, and what it makes of kinds that have not come.</summary>
public sealed class DetectionLoopTests
{
    private static readonly WatchSettings Settings = new();

    [Fact]
    public async Task A_known_fault_is_not_over_as_long_as_a_kind_that_may_show_it_has_not_come()
    {
        var time = new ManualTime();
        var bank = new DetectorBank(
            [.. DetectorCatalogue.All(Settings.Detectors).Select(static row => row.Detector)],
            new WatchScope(true, new HashSet<string>(), true));
        bank.Adopt([new KnownEpisode(Told(time.GetUtcNow()), false)]);
        var sightings = Channel.CreateUnbounded<Sighting>();
        var sent = Channel.CreateUnbounded<Signal>();
        var outbox = new SignalOutbox(found => Task.WhenAll(found.Select(one => sent.Writer.WriteAsync(one.Signal).AsTask())));
        using var metrics = new WatchMetrics();
        using var stop = new CancellationTokenSource(WatchRig.Patience);
        var synced = new TaskCompletionSource();
        var loop = new DetectionLoop(bank, sightings.Reader, outbox, Settings, metrics, time);
        Task judging = loop.RunAsync(new HashSet<string> { "Pod *" }, synced.SetResult, stop.Token);
        Task storing = outbox.RunAsync(stop.Token);

        await time.WaitsUntilAsync(time.GetUtcNow() + Settings.SyncLimit);
        time.Advance(Settings.SyncLimit);
        await synced.Task.WaitAsync(WatchRig.Patience);
        // Nothing is due: it waits as long as it ever does.
        await time.WaitsUntilAsync(time.GetUtcNow() + TimeSpan.FromDays(1));

        await sightings.Writer.WriteAsync(new Sighting(null, null, "Pod *", null, time.GetTimestamp()));
        await time.WaitsUntilAsync(time.GetUtcNow() + BankLimits.Adoption);
        Assert.False(sent.Reader.TryPeek(out _));
        time.Advance(BankLimits.Adoption);
        Signal ended = await sent.Reader.ReadAsync(stop.Token);

        Assert.Equal(AlertStatus.Resolved, ended.Alert.Status);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => judging);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => storing);
    }

    private static Signal Told(DateTimeOffset at)
    {
        var labels = new Dictionary<string, string> { ["detector"] = "crash-loop", ["namespace"] = "shop", ["pod"] = "web-1" };
        var alert = new Alert("KubePodCrashLooping", AlertStatus.Firing, labels, new Dictionary<string, string>(), at, null, "0123abcd");
        var target = new TargetCandidate("Pod", "shop", "web-1", "detector crash-loop");
        return Signal.Of(alert, SignalSource.Watch, at) with { Target = target };
    }
}
