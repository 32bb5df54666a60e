using System.Threading.Channels;
using Heal.Activities;
using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Machines;

/// <summary>
/// Follows one host: events as they come, everything after each (re)connect, and everything again from time to time. One thread of control
/// per host, so that a host that hangs keeps no other waiting.
/// </summary>
internal sealed partial class HostWatch(
    ILibvirtHost host, HostInventory inventory, MachineBank bank, TimeSpan every, Func<IReadOnlyList<Signal>, Task> send,
    HostWatchState told, TimeProvider time, ILogger logger)
{
    /// <summary>Events that wait to be looked at. When it is full the driver keeps them, and tells when it lost some.</summary>
    private const int QueueLength = 1_000;

    /// <summary>Events that are looked at together.</summary>
    private const int Together = 200;

    /// <summary>Between two attempts to look at a host that does not answer.</summary>
    private static readonly TimeSpan WhileSilent = TimeSpan.FromSeconds(5);

    private readonly Channel<HostEvent> _events = Channel.CreateBounded<HostEvent>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true, SingleWriter = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>Ends when cancelled, or by a fault of its own.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var session = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task pumping = Task.Run(() => PumpAsync(session.Token), CancellationToken.None);
        try
        {
            await inventory.LoadAsync(session.Token);
            await FollowAsync(session.Token);
        }
        finally
        {
            await session.CancelAsync();
            await pumping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (HostEvent happened in host.WatchAsync(cancellationToken))
            {
                if (told.IsBack())
                {
                    Log.Heard(logger, host.Name);
                }

                await _events.Writer.WriteAsync(happened, cancellationToken);
            }

            _events.Writer.TryComplete();
        }
        catch (Exception fault)
        {
            // To whoever reads them: without events this is no watch.
            _events.Writer.TryComplete(fault);
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset next = time.GetUtcNow();
        Task<bool> more = _events.Reader.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            if (time.GetUtcNow() >= next)
            {
                await SendAsync(await inventory.LookAtAllAsync(cancellationToken));
                if (told.IsReachable != inventory.IsReachable)
                {
                    told.IsReachable = inventory.IsReachable;
                    Log.Changed(logger, host.Name, inventory.IsReachable ? "answers" : "does not answer");
                }

                next = time.GetUtcNow() + (inventory.IsReachable ? every : WhileSilent);
            }

            await SendAsync(bank.Tick(time.GetUtcNow()));
            await WaitAsync(more, Earlier(next, bank.NextDue), cancellationToken);
            if (!more.IsCompleted)
            {
                continue;
            }

            if (!await more)
            {
                return;
            }

            for (int i = 0; i < Together && _events.Reader.TryRead(out HostEvent? happened); i++)
            {
                inventory.Hear(happened);

                // Events of the meantime are lost in libvirt: only a look at everything shows what happened.
                if (happened is ConnectedEvent or DisconnectedEvent)
                {
                    next = time.GetUtcNow();
                }
            }

            await SendAsync(await inventory.LookAtHeardAsync(cancellationToken));
            more = _events.Reader.WaitToReadAsync(cancellationToken).AsTask();
        }
    }

    private Task SendAsync(IReadOnlyList<Signal> signals) => signals.Count == 0 ? Task.CompletedTask : send(signals);

    private async Task WaitAsync(Task<bool> more, DateTimeOffset until, CancellationToken cancellationToken)
    {
        TimeSpan left = until - time.GetUtcNow();
        if (more.IsCompleted || left <= TimeSpan.Zero)
        {
            return;
        }

        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(more, Task.Delay(left, time, timer.Token));
        await timer.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static DateTimeOffset Earlier(DateTimeOffset left, DateTimeOffset? right) => right < left ? right.Value : left;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "libvirt host {Host} {State}.")]
        public static partial void Changed(ILogger logger, string host, string state);

        [LoggerMessage(Level = LogLevel.Information, Message = "Events of libvirt host {Host} are heard again.")]
        public static partial void Heard(ILogger logger, string host);
    }
}
