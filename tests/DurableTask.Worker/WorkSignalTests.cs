using DurableTask.Core.Hub;

namespace Heal.DurableTask.Worker.Tests;

public sealed class WorkSignalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Only_a_caller_who_asks_for_it_runs_what_the_waiter_does_next(bool mayRunWaiters, bool asks)
    {
        var signal = new WorkSignal(mayRunWaiters);
        using var over = new ManualResetEventSlim();
        Task waiter = await BegunAsync(WaitAsync);

        Set(signal, asks);
        bool ranHere = waiter.IsCompleted;
        over.Set();
        await waiter.WaitAsync(Patience);

        Assert.Equal(asks, ranHere);

        async Task WaitAsync()
        {
            await signal.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System);
            if (!asks)
            {
                // Elsewhere it waits until the caller has looked; in the caller's place it would wait for ever.
                Assert.True(over.Wait(Patience));
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_signal_that_nobody_waits_for_is_kept_for_the_next_wait(bool asks)
    {
        var signal = new WorkSignal(mayRunWaiters: true);
        Set(signal, asks);

        Assert.True(await signal.WaitAsync(TimeSpan.Zero, TimeProvider.System));
        Assert.False(await signal.WaitAsync(TimeSpan.Zero, TimeProvider.System));
    }

    [Fact]
    public async Task A_cancelled_waiter_goes_on_elsewhere()
    {
        var signal = new WorkSignal(mayRunWaiters: true);
        using var cancellation = new CancellationTokenSource();
        using var over = new ManualResetEventSlim();
        Task waiter = await BegunAsync(WaitAsync);

        cancellation.Cancel(); // Not awaited: what runs in it is the point.
        Assert.False(waiter.IsCompleted);
        over.Set();
        await waiter.WaitAsync(Patience);

        async Task WaitAsync()
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => signal.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation.Token));
            Assert.True(over.Wait(Patience));
        }
    }

    [Fact]
    public async Task Of_several_watchers_none_waits_for_what_another_one_does()
    {
        var watchers = new InstanceWatchers(TimeProvider.System, Timeout.InfiniteTimeSpan, mayRunWatchers: true);
        using var over = new ManualResetEventSlim();
        Task[] all = [await BegunAsync(BlockAsync), await BegunAsync(BlockAsync)];

        watchers.ChangedAndRun("one", known: null);
        Assert.All(all, static watcher => Assert.False(watcher.IsCompleted));
        over.Set();
        await Task.WhenAll(all).WaitAsync(Patience);

        async Task BlockAsync()
        {
            using IInstanceWatch watch = watchers.Watch("one");
            await watch.WaitAsync();
            Assert.True(over.Wait(Patience));
        }
    }

    /// <summary>On the thread pool, up to its first wait: the tests' runner has a context that would take what comes after it.</summary>
    private static Task<Task> BegunAsync(Func<Task> waiter) =>
        Task.Factory.StartNew(waiter, CancellationToken.None, TaskCreationOptions.None, TaskScheduler.Default);

    private static void Set(WorkSignal signal, bool asks)
    {
        if (asks)
        {
            signal.SetAndRun();
        }
        else
        {
            signal.Set();
        }
    }
}
