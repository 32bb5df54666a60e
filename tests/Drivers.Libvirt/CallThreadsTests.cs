using Heal.Drivers.Libvirt.Calls;
using Heal.Shared.Tests;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>The threads of one host: bounded, with a deadline that holds for the caller even where the call has no end.</summary>
public sealed class CallThreadsTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ManualTime _time = new();
    private readonly ManualResetEventSlim _release = new();
    private readonly CallThreads _threads;

    public CallThreadsTests() => _threads = new CallThreads("here", "here", maxThreads: 2, maxWaiting: 3, _time);

    [Fact]
    public async Task A_call_runs_on_a_background_thread_that_is_not_the_pools()
    {
        var (isPool, isBackground) = await RunAsync(() => (Thread.CurrentThread.IsThreadPoolThread, Thread.CurrentThread.IsBackground));
        Assert.False(isPool);
        Assert.True(isBackground);
    }

    [Fact]
    public async Task What_a_call_throws_is_what_its_caller_gets()
    {
        var thrown = await Assert.ThrowsAsync<InvalidDataException>(() => RunAsync<int>(() => throw new InvalidDataException("x")));
        Assert.Equal("x", thrown.Message);
    }

    [Fact]
    public async Task A_call_that_hangs_is_given_up_at_its_deadline_and_keeps_its_thread()
    {
        var hung = Hang();
        await hung.Started;
        _time.Advance(Deadline);
        var timeout = await Assert.ThrowsAsync<LibvirtTimeoutException>(() => hung.Task);
        Assert.Equal("hang", timeout.Call);
        Assert.Contains("30 s", timeout.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0, 1), _threads.Load);
        Assert.Equal(7, await RunAsync(() => 7));
    }

    [Fact]
    public async Task When_all_threads_hang_the_rest_is_told_so_in_time_and_did_not_begin()
    {
        var (one, two) = (Hang(), Hang());
        await one.Started;
        await two.Started;
        var began = false;
        var waiting = RunAsync(() => began = true);
        _time.Advance(Deadline);
        var refused = await Assert.ThrowsAsync<LibvirtUnreachableException>(() => waiting);
        Assert.Contains("was not started", refused.Message, StringComparison.Ordinal);
        Assert.Contains("2 of 2 threads are busy", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LibvirtTimeoutException>(() => one.Task);
        await Assert.ThrowsAsync<LibvirtTimeoutException>(() => two.Task);
        Assert.Equal((2, 0, 2), _threads.Load);
        _release.Set();
        Assert.Equal(1, await RunAsync(() => 1));
        Assert.False(began);
    }

    [Fact]
    public async Task A_thread_that_comes_back_is_used_again_and_no_further_one_is_made()
    {
        var hung = Hang();
        await hung.Started;
        _time.Advance(Deadline);
        await Assert.ThrowsAsync<LibvirtTimeoutException>(() => hung.Task);
        _release.Set();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => RunAsync(() => i)));
        Assert.Equal(0, _threads.Load.Hung);
        Assert.True(_threads.Load.Threads <= 2);
    }

    [Fact]
    public async Task More_than_may_wait_are_refused_at_once()
    {
        var (one, two) = (Hang(), Hang());
        await one.Started;
        await two.Started;
        var waiting = Enumerable.Range(0, 3).Select(i => RunAsync(() => i)).ToList();
        var refused = await Assert.ThrowsAsync<LibvirtUnreachableException>(() => RunAsync(() => 4));
        Assert.Contains("3 calls wait already", refused.Message, StringComparison.Ordinal);
        _release.Set();
        var answers = await Task.WhenAll(waiting);
        Assert.Equal([0, 1, 2], answers);
    }

    [Fact]
    public async Task A_cancelled_call_that_waits_never_begins()
    {
        var (one, two) = (Hang(), Hang());
        await one.Started;
        await two.Started;
        using var cancel = new CancellationTokenSource();
        var began = false;
        var waiting = _threads.RunAsync("waits", Deadline, () => began = true, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => waiting);
        Assert.Equal(0, _threads.Load.Waiting);
        _release.Set();
        await RunAsync(() => 1);
        Assert.False(began);
    }

    [Fact]
    public async Task A_cancelled_call_that_began_lets_its_caller_go()
    {
        using var cancel = new CancellationTokenSource();
        var started = new TaskCompletionSource();
        var call = _threads.RunAsync("hang", Deadline, () => Wait(started), cancel.Token);
        await started.Task.WaitAsync(Some.Patience);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => call);
    }

    [Fact]
    public async Task A_closed_host_tells_those_who_wait_and_takes_no_more()
    {
        var (one, two) = (Hang(), Hang());
        await one.Started;
        await two.Started;
        var waiting = RunAsync(() => 1);
        _threads.Dispose();
        await Assert.ThrowsAsync<LibvirtUnreachableException>(() => waiting);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => RunAsync(() => 1));
    }

    [Fact]
    public async Task A_call_that_ends_as_its_deadline_passes_is_never_told_that_it_did_not_begin()
    {
        const int Calls = 5_000;
        using var ending = new Barrier(2);
        using var passed = new SemaphoreSlim(0);
        var clock = Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < Calls && ending.SignalAndWait(Some.Patience); i++)
                {
                    _time.Advance(Deadline);
                    passed.Release();
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        for (var i = 0; i < Calls; i++)
        {
            try
            {
                Assert.True(await RunAsync(() => ending.SignalAndWait(Some.Patience)));
            }
            catch (LibvirtTimeoutException)
            {
                // the deadline was first
            }

            Assert.True(await passed.WaitAsync(Some.Patience));
        }

        await clock;
    }

    [Fact]
    public async Task Ten_thousand_calls_of_eight_callers_use_no_more_threads_than_allowed()
    {
        var most = 0;
        using var wide = new CallThreads("wide", "wide", maxThreads: 4, maxWaiting: 64, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async caller =>
        {
            for (var i = 0; i < 1250; i++)
            {
                Assert.Equal(i, await wide.RunAsync("call", Deadline, () => i, CancellationToken.None));
                InterlockedMax(ref most, wide.Load.Threads);
            }
        }));
        Assert.InRange(most, 1, 4);
    }

    public void Dispose()
    {
        _release.Set();
        _threads.Dispose();
    }

    private Task<T> RunAsync<T>(Func<T> body) => _threads.RunAsync("call", Deadline, body, CancellationToken.None);

    private (Task Task, Task Started) Hang()
    {
        var started = new TaskCompletionSource();
        return (_threads.RunAsync("hang", Deadline, () => Wait(started), CancellationToken.None), started.Task.WaitAsync(Some.Patience));
    }

    private int Wait(TaskCompletionSource started)
    {
        started.SetResult();
        _release.Wait();
        return 0;
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var known = Volatile.Read(ref target); value > known;)
        {
            var before = Interlocked.CompareExchange(ref target, value, known);
            if (before == known)
                return;
            known = before;
        }
    }
}
