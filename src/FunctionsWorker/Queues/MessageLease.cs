using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>
/// Keeps a message hidden from other hosts while its function runs: renewed at half-time. Every renewal changes the receipt that a later
/// delete must bring. A lease that another host took over is <see cref="Lost"/>; a storage that is away is tried again at the next
/// half-time.
/// </summary>
internal sealed partial class MessageLease : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly QueueClient _queue;
    private readonly QueueMessage _message;
    private readonly TimeSpan _lease;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _renewal;
    private string _receipt;

    public MessageLease(QueueClient queue, QueueMessage message, TimeSpan lease, TimeProvider time, ILogger logger)
    {
        _queue = queue;
        _message = message;
        _receipt = message.PopReceipt;
        _lease = lease;
        _time = time;
        _logger = logger;
        _renewal = RenewAsync();
    }

    /// <summary>Cancelled when another host may have the message.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Ends the renewal and gives the receipt for what comes next.</summary>
    public async Task<string> EndAsync()
    {
        await _ended.CancelAsync();
        await _renewal;
        return _receipt;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _ended.Dispose();
        _lost.Dispose();
    }

    private async Task RenewAsync()
    {
        while (!_ended.IsCancellationRequested)
        {
            await Task.Delay(_lease / 2, _time, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_ended.IsCancellationRequested)
            {
                return;
            }

            try
            {
                // Not cancelled by the end: a call broken off may have changed the receipt without telling us.
                UpdateReceipt renewed = await _queue.UpdateMessageAsync(
                    _message.MessageId, _receipt, _message.Body, _lease, CancellationToken.None);
                _receipt = renewed.PopReceipt;
            }
            catch (RequestFailedException exception) when (exception.Status is 400 or 404)
            {
                Log.Lost(_logger, _message.MessageId, _queue.Name, exception.ErrorCode);
                await _lost.CancelAsync();
                return;
            }
            catch (Exception exception)
            {
                Log.NotRenewed(_logger, _message.MessageId, _queue.Name, exception.GetBaseException().Message);
            }
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
