using Heal.Activities;
using Heal.Functions.Alerts;
using Heal.Healing;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Watches;

/// <summary>
/// The time during which this host is the one that watches, of those that share a store: a lease there, which it renews. The others stand
/// by, and one of them goes on when the lease ends or is given back. A feed has one of its own.
/// </summary>
internal sealed partial class WatchTurn(IWatchLease lease, string watch, SignalIntake intake, TimeProvider time, ILogger logger)
{
    /// <summary>Of the lease. So long nobody watches after a host died, and one look of another host longer.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(15);

    /// <summary>How often who watches renews the lease.</summary>
    public static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(3);

    /// <summary>How often who stands by looks.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <summary>For one question to the store.</summary>
    private static readonly TimeSpan AskFor = TimeSpan.FromSeconds(2.5);

    /// <summary>Who cannot renew the lease ends its turn so long before the lease ends: what it is storing is stored by then.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan StoreAgainAfter = TimeSpan.FromSeconds(5);

    private readonly string _holder = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid():N}";
    private readonly TaskCompletionSource _mayBegin = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DurableTaskClient? _client;
    private long _renewedAt;
    private string? _told;

    // Who stood still for longer holds nothing, whatever it believes, until a renewal has come back.
    private bool IsHeld => time.GetElapsedTime(Volatile.Read(ref _renewedAt)) < Length - Margin;

    /// <summary>From now on this host takes its turns. Returns at once.</summary>
    public void TakePart(DurableTaskClient client)
    {
        Volatile.Write(ref _client, client);
        _mayBegin.TrySetResult();
    }

    /// <summary>Watches whenever it is this host's turn, until the host stops.</summary>
    /// <param name="watchAsync">Watches until its token is cancelled, which is the end of the turn.</param>
    public async Task RunAsync(Func<CancellationToken, Task> watchAsync, CancellationToken stoppingToken)
    {
        await _mayBegin.Task.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            if (await AskAsync(stoppingToken) == true)
            {
                await WatchAsync(watchAsync, stoppingToken);
            }
            else
            {
                await Task.Delay(LookEvery, time, stoppingToken);
            }
        }
    }

    /// <summary>Stores what was found, and waits for the store as long as it takes.</summary>
    /// <param name="notStored">Told of each attempt that failed: how many signals wait, and why.</param>
    /// <exception cref="OperationCanceledException">The turn has ended: its signals are the next host's.</exception>
    public async Task StoreAsync(IReadOnlyList<Signal> signals, Action<int, string> notStored, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!IsHeld)
            {
                // The next renewal says whether somebody else goes on.
                await Task.Delay(LookEvery, time, cancellationToken);
                continue;
            }

            try
            {
                // To its end, which its own limit brings: the next turn must not begin beside a commit that is on its way.
                await intake.StoreAsync(Volatile.Read(ref _client)!, signals, CancellationToken.None);
                return;
            }
            catch (IntakeUnavailableException unavailable)
            {
                notStored(signals.Count, unavailable.Message);
                await Task.Delay(StoreAgainAfter, time, cancellationToken);
            }
        }
    }

    private async Task WatchAsync(Func<CancellationToken, Task> watchAsync, CancellationToken stoppingToken)
    {
        using var turn = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task renewing = RenewAsync(turn);
        try
        {
            await watchAsync(turn.Token);
        }
        finally
        {
            await turn.CancelAsync();
            await renewing;
            await GiveBackAsync();
        }
    }

    private async Task RenewAsync(CancellationTokenSource turn)
    {
        try
        {
            bool? isOurs = true;
            while (isOurs == true || (isOurs is null && IsHeld))
            {
                await Task.Delay(RenewEvery, time, turn.Token);
                isOurs = await AskAsync(turn.Token);
            }

            Log.Ended(logger, watch);
        }
        catch (OperationCanceledException)
        {
            // The watch has ended.
        }

        await turn.CancelAsync();
    }

    /// <returns>Whether it is our turn; null when the store could not be asked.</returns>
    private async Task<bool?> AskAsync(CancellationToken cancellationToken)
    {
        long askedAt = time.GetTimestamp();
        using var limit = new CancellationTokenSource(AskFor, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            if (await lease.TakeAsync(watch, _holder, Length, either.Token))
            {
                Volatile.Write(ref _renewedAt, askedAt);
                _told = null;
                return true;
            }

            Tell("", static (to, name, _) => Log.StandsBy(to, name));
            return false;
        }
        catch (Exception away)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Tell(away.Message, Log.NotAsked);
            return null;
        }
    }

    // The others wait for it no longer than for the end of the lease.
    private async Task GiveBackAsync()
    {
        using var limit = new CancellationTokenSource(AskFor, time);
        try
        {
            await lease.GiveBackAsync(watch, _holder, limit.Token);
        }
        catch (Exception away)
        {
            Tell(away.Message, Log.NotAsked);
        }
    }

    // Each state once, however long it lasts.
    private void Tell(string reason, Action<ILogger, string, string> log)
    {
        if (_told != reason)
        {
            log(logger, watch, reason);
        }

        _told = reason;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Another host watches ({Watch}). This one stands by, and goes on when that one ends.")]
        public static partial void StandsBy(ILogger logger, string watch);

        [LoggerMessage(Level = LogLevel.Warning, Message = "This host's turn to watch ({Watch}) has ended.")]
        public static partial void Ended(ILogger logger, string watch);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "The store could not be asked whose turn it is to watch ({Watch}): {Reason} It is asked again every few seconds.")]
        public static partial void NotAsked(ILogger logger, string watch, string reason);
    }
}
