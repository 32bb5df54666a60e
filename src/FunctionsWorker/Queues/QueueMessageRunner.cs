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
internal sealed partial class QueueMessageRunner(
    FunctionInvoker invoker,
    HostSettings settings,
    QueueLease leased,
    HostDrain drain,
    MessageTraces traces,
    HostMetrics metrics,
    TimeProvider time,
    ILogger<QueueMessageRunner> logger)
{
    // The storage writes a date in the year 9999 for messages that do not expire.
    private static readonly TimeSpan Forever = TimeSpan.FromDays(36_500);

    private readonly QueueSettings _settings = settings.Queues;

    public async Task RunAsync(QueueFunction function, QueueMessage message)
    {
        metrics.Dequeued(function.Queue.Name, time.GetUtcNow() - message.InsertedOn);
        try
        {
            await using var lease = new MessageLease(function.Queue, message, leased.Duration, time, logger);
            // A message that took the whole process with it has a count, but no failure that anybody saw.
            Exception? failure = message.DequeueCount > _settings.MaxDequeueCount
                ? new InvalidOperationException($"It was taken {message.DequeueCount} times and never finished.")
                : await TryAsync(function, message, lease);
            if (lease.Lost.IsCancellationRequested)
            {
                return;
            }

            string receipt = await lease.EndAsync();
            bool isCutShort = drain.HasCutShort(failure);
            await (isCutShort ? GiveBackAsync(function, message, receipt) : EndAsync(function, message, receipt, failure));
        }
        catch (Exception exception)
        {
            // At least once: what could not be deleted or moved comes back when its lease ends.
            Log.NotEnded(logger, exception, message.MessageId, function.Queue.Name, function.Function.Name);
        }
    }

    private async Task<Exception?> TryAsync(QueueFunction function, QueueMessage message, MessageLease lease)
    {
        try
        {
            QueueMessage decoded = Decode(message);
            await invoker.InvokeAsync(
                new InvocationRequest(function.Function, decoded)
                {
                    Parent = traces.ParentOf(message.MessageId, decoded.Body),
                    BindingData = BindingDataOf(decoded),
                    Retry = new AttemptContext((int)message.DequeueCount - 1, _settings.MaxDequeueCount),
                    CorrelationId = message.MessageId,
                },
                lease.Lost).AsTask().WaitAsync(drain.InvocationsAbandoned);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    /// <summary>Lets another host have the message at once. That the host stopped is no failure of the message.</summary>
    public async Task GiveBackAsync(QueueFunction function, QueueMessage message, string receipt)
    {
        if (message.DequeueCount < _settings.MaxDequeueCount)
        {
            await function.Queue.UpdateMessageAsync(message.MessageId, receipt, message.Body, visibilityTimeout: TimeSpan.Zero);
        }
        else
        {
            // Its attempts are used up: the next host would put it into the poison queue without a try. A copy has all of them again.
            TimeSpan? left = message.ExpiresOn - time.GetUtcNow();
            TimeSpan lifetime = left > TimeSpan.Zero && left < Forever ? left.Value : TimeSpan.FromSeconds(-1);
            await function.Queue.SendMessageAsync(message.Body, timeToLive: lifetime);
            await function.Queue.DeleteMessageAsync(message.MessageId, receipt);
        }

        Log.GivenBack(logger, message.MessageId, function.Queue.Name);
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
            Log.ComesBack(logger, message.MessageId, function.Queue.Name, function.Function.Name, message.DequeueCount,
                _settings.MaxDequeueCount, failure.Message, _settings.VisibilityTimeout);
            await function.Queue.UpdateMessageAsync(message.MessageId, receipt, message.Body, _settings.VisibilityTimeout);
            return;
        }

        await function.Poison.CreateIfNotExistsAsync();
        await function.Poison.SendMessageAsync(message.Body);
        await function.Queue.DeleteMessageAsync(message.MessageId, receipt);
        string reason = failure.GetType().Name;
        metrics.Poisoned(function.Queue.Name, reason);
        Log.Poisoned(logger, message.MessageId, function.Queue.Name, function.Function.Name, function.Poison.Name,
            message.DequeueCount, $"{reason}: {failure.Message}");
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

    internal static Dictionary<string, object?> BindingDataOf(QueueMessage message) => new(StringComparer.OrdinalIgnoreCase)
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
            "Message {MessageId} of queue {Queue} failed in function {Function}, attempt {Attempt} of {MaxDequeueCount} ({Reason}); "
            + "it comes back in {Delay}")]
        public static partial void ComesBack(
            ILogger logger, string messageId, string queue, string function, long attempt, int maxDequeueCount, string reason,
            TimeSpan delay);

        [LoggerMessage(61, LogLevel.Error,
            "Message {MessageId} of queue {Queue}, which function {Function} could not take, is now in {Poison} after {Attempts} "
            + "attempts. {Reason}")]
        public static partial void Poisoned(
            ILogger logger, string messageId, string queue, string function, string poison, long attempts, string reason);

        [LoggerMessage(63, LogLevel.Information, "Message {MessageId} of queue {Queue} is given back, because the host stops")]
        public static partial void GivenBack(ILogger logger, string messageId, string queue);

        [LoggerMessage(62, LogLevel.Error,
            "Message {MessageId} of queue {Queue} and function {Function} could not be deleted or moved; "
            + "it comes back when its lease ends")]
        public static partial void NotEnded(ILogger logger, Exception exception, string messageId, string queue, string function);
    }
}
