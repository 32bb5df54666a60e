using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.FunctionsWorker.Tests;

public sealed class MessageLeaseTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_renewal_without_an_answer_is_broken_off_when_the_lease_ends_and_the_message_is_lost()
    {
        var time = new ManualTime();
        var queue = new SilentQueue();
        QueueMessage message = QueuesModelFactory.QueueMessage("id", "receipt", "body", dequeueCount: 1);
        await using var lease = new MessageLease(queue, message, Lease, time, NullLogger.Instance);
        var lost = new TaskCompletionSource();
        lease.Lost.Register(lost.SetResult);
        time.Advance(Lease / 3);
        await queue.Asked.Task.WaitAsync(Patience);

        time.Advance((Lease * 2 / 3) - TimeSpan.FromTicks(1));
        Assert.False(queue.BrokenOff.Task.IsCompleted);
        time.Advance(TimeSpan.FromTicks(1));

        await queue.BrokenOff.Task.WaitAsync(Patience);
        await lost.Task.WaitAsync(Patience);
        Assert.Equal("receipt", await lease.EndAsync());
    }

    /// <summary>Takes calls and never answers.</summary>
    private sealed class SilentQueue : QueueClient
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource BrokenOff { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override string Name => "silent";

        public override async Task<Response<UpdateReceipt>> UpdateMessageAsync(
            string messageId,
            string popReceipt,
            BinaryData message,
            TimeSpan visibilityTimeout = default,
            CancellationToken cancellationToken = default)
        {
            Asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            BrokenOff.SetResult();
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
