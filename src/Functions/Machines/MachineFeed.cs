using Heal.Activities;
using Heal.Drivers.Libvirt;
using Heal.Functions.Alerts;
using Heal.Functions.Watches;
using Heal.Healing;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Functions.Machines;

/// <summary>
/// Watches the libvirt hosts while it is this healer's turn (<see cref="WatchTurn"/>), and brings what is found to the intake. At least
/// once: a signal that could not be stored is stored later, and copies are recognised by their id. Without hosts it does nothing.
/// </summary>
internal sealed partial class MachineFeed(
    Inventories inventories,
    IOptionsMonitor<MachineOptions> options,
    SignalIntake intake,
    IKnownEpisodes known,
    IWatchLease lease,
    WatchMetrics metrics,
    TimeProvider time,
    ILogger<MachineFeed> logger)
    : BackgroundService
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    /// <summary>Faults that were found longer ago are found anew.</summary>
    private static readonly TimeSpan KnownFor = TimeSpan.FromDays(7);

    private readonly WatchTurn _turn = new(lease, "libvirt hosts", intake, time, logger);

    /// <summary>From now on this healer takes its turns. Returns at once.</summary>
    public void TakePart(DurableTaskClient client) => _turn.TakePart(client);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        inventories.Hosts.Count > 0 && options.CurrentValue.Watch ? _turn.RunAsync(WatchAsync, stoppingToken) : Task.CompletedTask;

    private Task WatchAsync(CancellationToken cancellationToken)
    {
        Log.Began(logger, inventories.Hosts.Count);
        return Task.WhenAll(inventories.Hosts.Select(host => KeepWatchingAsync(host, cancellationToken)));
    }

    private async Task KeepWatchingAsync(ILibvirtHost host, CancellationToken cancellationToken)
    {
        var told = new HostWatchState();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var bank = new MachineBank();
                bank.Adopt((await known.ReadAsync(time.GetUtcNow() - KnownFor, cancellationToken))
                    .Where(episode => episode.Signal.Target is { } target && TargetKinds.IsOnHypervisor(target.Kind)
                        && target.Host == host.Name));
                var watch = new HostWatch(
                    host, inventories.Of(host, bank), bank, options.CurrentValue.InventoryEvery,
                    signals => StoreAsync(signals, cancellationToken), told, time, logger);
                await watch.RunAsync(cancellationToken);
            }
            catch (Exception failed)
            {
                // Nothing but the end of the turn ends the watch: it begins anew, with what the store knows.
                if (!cancellationToken.IsCancellationRequested && told.IsNews(failed))
                {
                    Log.Failed(logger, failed, host.Name, AfterFailure);
                }
            }

            await Task.WhenAny(Task.Delay(AfterFailure, time, cancellationToken));
        }
    }

    // Waits for the store as long as it takes: events gather meanwhile, and a look at everything shows the rest.
    private async Task StoreAsync(IReadOnlyList<Signal> signals, CancellationToken cancellationToken)
    {
        await _turn.StoreAsync(signals, (count, reason) => Log.NotStored(logger, count, reason), cancellationToken);
        foreach (Signal signal in signals)
        {
            string detector = signal.Alert.Label("detector") ?? "";
            metrics.Sent(detector, signal.Alert.Status.ToString());
            Log.Sent(
                logger, detector, signal.Alert.Status, signal.Target!.Kind, signal.Target.Name, signal.Target.Host, signal.Id,
                (time.GetUtcNow() - signal.Alert.StartsAt).TotalMilliseconds, signal.Alert.Annotations.GetValueOrDefault("summary", ""));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "This healer watches {Hosts} libvirt hosts.")]
        public static partial void Began(ILogger logger, int hosts);

        [LoggerMessage(Level = LogLevel.Information,
            Message = "Detector {Detector}, {Status}: {Kind} {Target} on {Host} (signal {SignalId}, {Milliseconds:0} ms after it began): "
                + "{Summary}")]
        public static partial void Sent(
            ILogger logger, string detector, AlertStatus status, string kind, string target, string? host, string signalId,
                double milliseconds,
            string summary);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Count} signals of machines wait to be stored: {Reason}")]
        public static partial void NotStored(ILogger logger, int count, string reason);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "The watch of libvirt host {Host} ended by a fault of its own. It begins anew, every {Pause}, until it lasts; "
                + "the same fault is not told again.")]
        public static partial void Failed(ILogger logger, Exception exception, string host, TimeSpan pause);
    }
}
