using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>
/// Keeps a message hidden from other hosts while its function runs: renewed at a third of its time. Every renewal changes the receipt that
/// a later delete must bring. A storage that is away is tried again every second. A lease that another host took over, or that ran out
/// meanwhile, is <see cref="Lost"/>; a renewal that has no answer by then is broken off.
/// </summary>
/// <remarks>Most functions end before the first renewal: until then there is a timer, and no task that would have to be ended.</remarks>
internal sealed partial class MessageLease : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly QueueClient _queue;
    private readonly QueueMessage _message;
    private readonly TimeSpan _lease;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private Task _renewal = Task.CompletedTask;
    private long _renewed;
    private bool _hasEnded;
    private string _receipt;

    public MessageLease(QueueClient queue, QueueMessage message, TimeSpan lease, TimeProvider time, ILogger logger)
    {
        _queue = queue;
        _message = message;
        _receipt = message.PopReceipt;
        _lease = lease;
        _time = time;
        _logger = logger;
        _renewed = time.GetTimestamp();
        _timer = time.CreateTimer(static me => ((MessageLease)me!).Begin(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(lease / 3, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled when another host may have the message.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Ends the renewal and gives the receipt for what comes next.</summary>
    public async ValueTask<string> EndAsync()
    {
        Task renewal;
        lock (_gate)
        {
            _hasEnded = true;
            renewal = _renewal;
        }

        await _timer.DisposeAsync();
        await renewal;
        return _receipt;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _lost.Dispose();
    }

    private void Begin()
    {
        lock (_gate)
        {
            if (!_hasEnded)
            {
                _renewal = RenewAsync();
            }
        }
    }

    private async Task RenewAsync()
    {
        if (await RenewOnceAsync() is { } pause)
        {
            lock (_gate)
            {
                if (!_hasEnded)
                {
                    _timer.Change(pause, Timeout.InfiniteTimeSpan);
                }
            }
        }
        else
        {
            await _lost.CancelAsync();
        }
    }

    /// <returns>When to renew it again; null: it is lost.</returns>
    private async Task<TimeSpan?> RenewOnceAsync()
    {
        long asked = _time.GetTimestamp();
        try
        {
            // Not cancelled by the end of the function: a call broken off may have changed the receipt without telling us. By the end
            // of the lease it is: from then on the message is another host's, whatever a late answer says.
            TimeSpan left = _lease - _time.GetElapsedTime(_renewed);
            using var limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time);
            UpdateReceipt update = await _queue.UpdateMessageAsync(_message.MessageId, _receipt, _message.Body, _lease, limit.Token);
            _receipt = update.PopReceipt;
            _renewed = asked;
            return _lease / 3;
        }
        catch (RequestFailedException exception) when (exception.Status is 400 or 404)
        {
            Log.Lost(_logger, _message.MessageId, _queue.Name, exception.ErrorCode);
            return null;
        }
        catch (Exception exception)
        {
            Log.NotRenewed(_logger, _message.MessageId, _queue.Name, exception.GetBaseException().Message);
            if (_time.GetElapsedTime(_renewed) >= _lease)
            {
                Log.Lost(_logger, _message.MessageId, _queue.Name, "it could not be renewed in time");
                return null;
            }

            return RetryDelay < _lease / 3 ? RetryDelay : _lease / 3;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(50, LogLevel.Warning,
            "Message {MessageId} of queue {Queue} is lost to another host ({Reason}); its function is cancelled here")]
        public static partial void Lost(ILogger logger, string messageId, string queue, string? reason);

        [LoggerMessage(51, LogLevel.Warning, "Message {MessageId} of queue {Queue} could not be renewed ({Reason}); tried again")]
        public static partial void NotRenewed(ILogger logger, string messageId, string queue, string reason);
    }
}
