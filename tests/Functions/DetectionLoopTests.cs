using System.Threading.Channels;
using Heal.Drivers.Kubernetes.Models;
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

    [Fact]
    public async Task What_does_not_come_again_when_a_watch_begins_anew_is_gone()
    {
        var bank = new DetectorBank([], new WatchScope(true, new HashSet<string>(), true));
        var sightings = Channel.CreateUnbounded<Sighting>();
        using var metrics = new WatchMetrics();
        var loop = new DetectionLoop(
            bank, sightings.Reader, new SignalOutbox(_ => Task.CompletedTask), Settings, metrics, new ManualTime());
        var pods = new WatchedScope("Pod", "shop");
        foreach (string[] names in (string[][])[["gone", "stays"], ["stays", "comes"]])
        {
            sightings.Writer.TryWrite(new Sighting(null, null, null, null, 0, pods));
            foreach (string name in names)
            {
                sightings.Writer.TryWrite(new Sighting(Named("shop", name), null, null, null, 0));
            }

            // Another scope, whose watch does not begin anew.
            sightings.Writer.TryWrite(new Sighting(Named("other", "away"), null, null, null, 0));
            sightings.Writer.TryWrite(new Sighting(null, null, pods.Name, null, 0));
        }

        sightings.Writer.Complete();
        await loop.RunAsync(new HashSet<string> { pods.Name }, static () => { }, CancellationToken.None);

        Assert.Equal(
            ["other/away", "shop/comes", "shop/stays"],
            bank.Cluster.All<Observed>("Pod").Select(static pod => $"{pod.Info.Namespace}/{pod.Info.Name}").Order(StringComparer.Ordinal));
    }

    private static Pod Named(string ns, string name) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = ns, Uid = $"{ns}-{name}", CreationTimestamp = DateTimeOffset.UnixEpoch },
    };

    private static Signal Told(DateTimeOffset at)
    {
        var labels = new Dictionary<string, string> { ["detector"] = "crash-loop", ["namespace"] = "shop", ["pod"] = "web-1" };
        var alert = new Alert("KubePodCrashLooping", AlertStatus.Firing, labels, new Dictionary<string, string>(), at, null, "0123abcd");
        var target = new TargetCandidate("Pod", "shop", "web-1", "detector crash-loop");
        return Signal.Of(alert, SignalSource.Watch, at) with { Target = target };
    }
}
