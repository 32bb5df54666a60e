using DurableTask.Core.Hub;
using Heal.Postgres;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Tells other processes, if there are any, what was stored, right afterwards: one NOTIFY for all that came together. Inside the
/// operation's own transaction it would be dear, because PostgreSQL lets transactions that notify commit one after the other, disk sync
/// included. If the process dies in between, the others find the work by their safety poll, or when they take over from it.
/// </summary>
internal sealed partial class HubNotifier(
    HubDatabase database, HubSignals signals, HubPeers peers, string self, TimeProvider timeProvider, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly WorkSignal _signal = new();
    private HubNews _unsent = new();

    /// <summary>Wakes this process at once and the others soon.</summary>
    public void Publish(HubNews news)
    {
        signals.Publish(news);
        if (!news.IsEmpty && peers.MayExist)
        {
            Send(news);
        }
    }

    /// <summary>Tells the others only.</summary>
    public void Send(HubNews news)
    {
        lock (_gate)
        {
            _unsent.Add(news);
        }

        _signal.Set();
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await _signal.WaitAsync(Timeout.InfiniteTimeSpan, timeProvider, stopping);
                await SendAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await SendAsync(CancellationToken.None);
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        HubNews news;
        lock (_gate)
        {
            news = _unsent;
            _unsent = new HubNews();
        }

        if (news.IsEmpty)
        {
            return;
        }

        try
        {
            await using var command = database.DataSource.CreateCommand(
                HubDatabase.Sql["notify"], database.Channel, news.Payloads(self).ToArray());
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.NotSent(logger, database.Channel, exception.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            1, LogLevel.Warning, "Other processes of task hub '{Hub}' could not be notified, they will poll for the news: {Reason}")]
        public static partial void NotSent(ILogger logger, string hub, string reason);
    }
}
