using Heal.Functions.Alerts;
using Heal.Healing;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Watches;

/// <summary>
/// The time during which this host is the one that watches, of those that share a store. It begins with a run of a timer and ends some time
/// after the last one. A feed has one of its own.
/// </summary>
internal sealed class WatchTurn(SignalIntake intake, TimeProvider time) : IDisposable
{
    /// <summary>How long this host watches after its last run; several periods of the timer.</summary>
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan StoreAgainAfter = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _begins = new(0, 1);
    private DurableTaskClient? _client;
    private long _keptAt;

    /// <summary>It is this host's turn. Returns at once.</summary>
    public void Keep(DurableTaskClient client)
    {
        Volatile.Write(ref _keptAt, time.GetTimestamp());
        if (Interlocked.Exchange(ref _client, client) is null)
        {
            _begins.Release();
        }
    }

    /// <summary>Watches whenever it is this host's turn, until the host stops.</summary>
    /// <param name="watchAsync">Watches until its token is cancelled, which is the end of the turn.</param>
    public async Task RunAsync(Func<CancellationToken, Task> watchAsync, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await _begins.WaitAsync(stoppingToken);
            using var turn = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            Task ends = EndAsync(turn);
            await watchAsync(turn.Token);
            await ends;
        }
    }

    /// <summary>Stores what was found, and waits for the store as long as it takes.</summary>
    /// <param name="notStored">Told of each attempt that failed: how many signals wait, and why.</param>
    /// <exception cref="OperationCanceledException">The turn has ended: its signals are the next host's.</exception>
    public async Task StoreAsync(IReadOnlyList<Signal> signals, Action<int, string> notStored, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                DurableTaskClient client = Volatile.Read(ref _client) ?? throw new OperationCanceledException();
                await intake.StoreAsync(client, signals, cancellationToken);
                return;
            }
            catch (IntakeUnavailableException unavailable)
            {
                notStored(signals.Count, unavailable.Message);
                await Task.Delay(StoreAgainAfter, time, cancellationToken);
            }
        }
    }

    public void Dispose() => _begins.Dispose();

    private async Task EndAsync(CancellationTokenSource turn)
    {
        try
        {
            while (Hold - time.GetElapsedTime(Volatile.Read(ref _keptAt)) is var left && left > TimeSpan.Zero)
            {
                await Task.Delay(left, time, turn.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }

        Interlocked.Exchange(ref _client, null);
        await turn.CancelAsync();
    }
}
