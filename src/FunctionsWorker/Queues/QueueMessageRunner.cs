using System.Diagnostics.Metrics;
using System.Text;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>
/// One message from receipt to end: run the function, then delete it; after a failure let it come back, and after <c>maxDequeueCount</c>
/// failures put it into the poison queue, body unchanged, with the reason in the log and the metric. Never throws.
/// </summary>
internal sealed partial class QueueMessageRunner : IDisposable
{
    private readonly FunctionInvoker _invoker;
    private readonly QueueSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger<QueueMessageRunner> _logger;
    private readonly Meter _meter = new(FunctionInvoker.SourceName);
    private readonly Counter<long> _poisoned;

    public QueueMessageRunner(FunctionInvoker invoker, HostSettings settings, TimeProvider time, ILogger<QueueMessageRunner> logger)
    {
        _invoker = invoker;
        _settings = settings.Queues;
        _time = time;
        _logger = logger;
        _poisoned = _meter.CreateCounter<long>("functions.queue.poisoned", "{message}",
            "Messages moved to a poison queue, by queue and reason.");
    }

    public void Dispose() => _meter.Dispose();

    public async Task RunAsync(QueueFunction function, QueueMessage message)
    {
        try
        {
            await using var lease = new MessageLease(function.Queue, message, _settings.Lease, _time, _logger);
            // A message that took the whole process with it has a count, but no failure that anybody saw.
            Exception? failure = message.DequeueCount > _settings.MaxDequeueCount
                ? new InvalidOperationException($"It was taken {message.DequeueCount} times and never finished.")
                : await TryAsync(function, message, lease);
            if (!lease.Lost.IsCancellationRequested)
            {
                await EndAsync(function, message, await lease.EndAsync(), failure);
            }
        }
        catch (Exception exception)
        {
            // At least once: what could not be deleted or moved comes back when its lease ends.
            Log.NotEnded(_logger, exception, message.MessageId, function.Queue.Name);
        }
    }

    private async Task<Exception?> TryAsync(QueueFunction function, QueueMessage message, MessageLease lease)
    {
        try
        {
            QueueMessage decoded = Decode(message);
            await _invoker.InvokeAsync(
                new InvocationRequest(function.Function, decoded)
                {
                    BindingData = BindingDataOf(decoded),
                    Retry = new AttemptContext((int)message.DequeueCount - 1, _settings.MaxDequeueCount),
                    CorrelationId = message.MessageId,
                },
                lease.Lost);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private async Task EndAsync(QueueFunction function, QueueMessage message, string receipt, Exception? failure)
    {
        if (failure is null)
        {
            await function.Queue.DeleteMessageAsync(message.MessageId, receipt);
            return;
        }

        if (message.DequeueCount < _settings.MaxDequeueCount)
        {
            Log.ComesBack(_logger, message.MessageId, function.Queue.Name, message.DequeueCount, _settings.MaxDequeueCount,
                failure.Message, _settings.VisibilityTimeout);
            await function.Queue.UpdateMessageAsync(message.MessageId, receipt, message.Body, _settings.VisibilityTimeout);
            return;
        }

        await function.Poison.CreateIfNotExistsAsync();
        await function.Poison.SendMessageAsync(message.Body);
        await function.Queue.DeleteMessageAsync(message.MessageId, receipt);
        string reason = failure.GetType().Name;
        _poisoned.Add(1, new("queue", function.Queue.Name), new KeyValuePair<string, object?>("reason", reason));
        Log.Poisoned(_logger, message.MessageId, function.Queue.Name, function.Poison.Name, message.DequeueCount,
            $"{reason}: {failure.Message}");
    }

    private QueueMessage Decode(QueueMessage message)
    {
        BinaryData body = message.Body;
        if (_settings.MessageEncoding == QueueEncoding.Base64)
        {
            byte[] bytes = new byte[body.ToMemory().Length];
            if (!Convert.TryFromBase64String(Encoding.UTF8.GetString(body), bytes, out int length))
            {
                throw new FormatException("Expected a base64 body (host.json, extensions.queues.messageEncoding), got something else.");
            }

            body = BinaryData.FromBytes(bytes.AsMemory(0, length));
        }

        return QueuesModelFactory.QueueMessage(
            message.MessageId, message.PopReceipt, body, message.DequeueCount, message.NextVisibleOn, message.InsertedOn,
            message.ExpiresOn);
    }

    private static Dictionary<string, object?> BindingDataOf(QueueMessage message) => new(StringComparer.OrdinalIgnoreCase)
    {
        ["Id"] = message.MessageId,
        ["PopReceipt"] = message.PopReceipt,
        ["DequeueCount"] = message.DequeueCount,
        ["InsertionTime"] = message.InsertedOn,
        ["ExpirationTime"] = message.ExpiresOn,
        ["NextVisibleTime"] = message.NextVisibleOn,
        ["QueueTrigger"] = message.Body.ToString(),
    };

    private static partial class Log
    {
        [LoggerMessage(60, LogLevel.Warning,
            "Message {MessageId} of queue {Queue} failed, attempt {Attempt} of {MaxDequeueCount} ({Reason}); it comes back in {Delay}")]
        public static partial void ComesBack(
            ILogger logger, string messageId, string queue, long attempt, int maxDequeueCount, string reason, TimeSpan delay);

        [LoggerMessage(61, LogLevel.Error, "Message {MessageId} of queue {Queue} is now in {Poison} after {Attempts} attempts. {Reason}")]
        public static partial void Poisoned(ILogger logger, string messageId, string queue, string poison, long attempts, string reason);

        [LoggerMessage(62, LogLevel.Error,
            "Message {MessageId} of queue {Queue} could not be deleted or moved; it comes back when its lease ends")]
        public static partial void NotEnded(ILogger logger, Exception exception, string messageId, string queue);
    }
}
