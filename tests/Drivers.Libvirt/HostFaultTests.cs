using Heal.Drivers.Libvirt.Calls;
using Heal.Drivers.Libvirt.Native;
using Heal.Shared.Tests;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>A host that hangs, vanishes or refuses: what its callers see, and that nobody else sees anything.</summary>
public sealed class HostFaultTests : IAsyncLifetime
{
    private readonly FaultyOpening _opening = new();
    private readonly ManualResetEventSlim _release = new();
    private readonly ManualTime _time = new();
    private readonly LibvirtHost _host;

    public HostFaultTests() => _host = Some.Host(
        time: _time, open: _opening.Open, configure: options =>
        {
            options.MaxThreads = 2;
            options.BreakAfter = 3;
        });

    [Fact]
    public async Task A_frozen_daemon_costs_a_caller_the_connect_timeout_and_no_other_host_anything()
    {
        _opening.Freeze();
        var call = _host.Domains.ListAsync();
        await _time.WaitsUntilAsync(_time.GetUtcNow() + TimeSpan.FromSeconds(10));
        await using var other = Some.Host();
        Assert.NotNull(await other.Domains.ListAsync());
        _time.Advance(TimeSpan.FromSeconds(10));
        var unreachable = await Assert.ThrowsAsync<LibvirtUnreachableException>(() => call);
        Assert.Contains("frozen", unreachable.Message, StringComparison.Ordinal);
        Assert.Equal(HostLink.Down, _host.Link);
    }

    [Fact]
    public async Task Callers_that_come_while_a_connection_is_opened_wait_for_that_one()
    {
        _opening.Freeze();
        var calls = Enumerable.Range(0, 5).Select(_ => _host.Domains.ListAsync()).ToList();
        await _time.WaitsUntilAsync(_time.GetUtcNow() + TimeSpan.FromSeconds(10));
        _opening.Thaw();
        await Task.WhenAll(calls);
        Assert.Equal(1, _opening.Attempts);
    }

    [Fact]
    public async Task Attempts_that_hang_are_bounded()
    {
        var patient = Some.Host(
            time: _time, open: _opening.Open,
            configure: options => (options.BreakAfter, options.MaxReconnectDelay) = (100, TimeSpan.FromSeconds(1)));
        _opening.Freeze();
        for (var i = 0; i < 6; i++)
        {
            var call = patient.Domains.ListAsync();
            if (i < Connections.Opener<Connections.LibvirtLink>.MaxHung)
                await _time.WaitsUntilAsync(_time.GetUtcNow() + TimeSpan.FromSeconds(10));
            _time.Advance(TimeSpan.FromSeconds(10));
            await Assert.ThrowsAsync<LibvirtUnreachableException>(() => call);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(3, _opening.Attempts);
        _opening.Thaw();
        await patient.DisposeAsync();
    }

    [Fact]
    public async Task A_connection_that_was_opened_too_late_is_closed()
    {
        _opening.Freeze();
        var call = _host.Domains.ListAsync();
        await _time.WaitsUntilAsync(_time.GetUtcNow() + TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<LibvirtUnreachableException>(() => call);
        _opening.Thaw();
        while (_opening.Links.Count == 0)
            await Task.Yield();
        Assert.Equal("client", await Assert.Single(_opening.Links).Closed.WaitAsync(Some.Patience));
    }

    [Fact]
    public async Task A_refused_connection_is_tried_again_with_pauses_that_double()
    {
        await using var patient = Some.Host(time: _time, open: _opening.Open, configure: options => options.BreakAfter = 100);
        _opening.FailWith("refused");
        foreach (var pause in new[] { 0.5, 1, 2, 4, 8, 16, 30, 30 })
        {
            await Assert.ThrowsAsync<LibvirtUnreachableException>(() => patient.Domains.ListAsync());
            var attempts = _opening.Attempts;
            _time.Advance(TimeSpan.FromSeconds(pause) - TimeSpan.FromMilliseconds(1));
            await Assert.ThrowsAsync<LibvirtUnreachableException>(() => patient.Domains.ListAsync());
            Assert.Equal(attempts, _opening.Attempts);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        _opening.FailWith(null);
        Assert.NotNull(await patient.Domains.ListAsync());
    }

    [Fact]
    public async Task A_host_that_cannot_be_reached_is_refused_at_once_after_some_failures_and_comes_back_by_itself()
    {
        _opening.FailWith("refused");
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<LibvirtUnreachableException>(() => _host.Domains.ListAsync());
            _time.Advance(TimeSpan.FromSeconds(3));
        }

        Assert.Equal(HostLink.Refusing, _host.Link);
        var refused = await Assert.ThrowsAsync<LibvirtUnreachableException>(() => _host.Domains.ListAsync());
        Assert.Contains("refused at once", refused.Message, StringComparison.Ordinal);
        _opening.FailWith(null);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.NotNull(await _host.Domains.ListAsync());
        Assert.Equal(HostLink.Up, _host.Link);
    }

    [Fact]
    public async Task A_host_that_does_not_let_the_account_in_says_what_to_grant_each_time_and_the_breaker_stays_closed()
    {
        _opening.FailWith("Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied");
        for (var i = 0; i < 4; i++)
        {
            var first = await Assert.ThrowsAsync<LibvirtNotAdmittedException>(() => _host.Domains.ListAsync());
            Assert.Contains("missing permission", first.Message, StringComparison.Ordinal);
            Assert.Contains("the group 'libvirt'", first.Message, StringComparison.Ordinal);
            _time.Advance(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(HostLink.Down, _host.Link);
        _opening.FailWith(null);
        Assert.NotNull(await _host.Domains.ListAsync());
    }

    [Fact]
    public async Task A_call_that_hangs_leaves_the_host_usable_and_is_not_called_done()
    {
        var hung = await HangAsync("virDomainCreate");
        _time.Advance(TimeSpan.FromSeconds(30));
        var timeout = await Assert.ThrowsAsync<LibvirtTimeoutException>(() => hung);
        Assert.Contains("whether it took effect is not known", timeout.Message, StringComparison.Ordinal);
        Assert.NotNull(await _host.Domains.ListAsync());
        Assert.Equal((2, 0, 1), _host.Load);
    }

    [Fact]
    public async Task Timeouts_in_a_row_open_the_breaker()
    {
        for (var i = 0; i < 3; i++)
        {
            var hung = await HangAsync("virDomainCreate");
            _time.Advance(TimeSpan.FromSeconds(30));
            await Assert.ThrowsAsync<LibvirtTimeoutException>(() => hung);
            _release.Set();
            while (_host.Load.Hung > 0)
                await Task.Yield();
            _release.Reset();
        }

        Assert.Equal(HostLink.Refusing, _host.Link);
    }

    [Theory]
    [InlineData(29)]
    [InlineData(45)]
    [InlineData(79)]
    [InlineData(88)]
    [InlineData(94)]
    public async Task What_the_account_may_not_do_is_said_as_that_and_opens_no_breaker(int code)
    {
        for (var i = 0; i < 10; i++)
        {
            var forbidden = await Assert.ThrowsAsync<LibvirtForbiddenException>(() => _host.CallAsync<int>(
                "virDomainCreate", _ => throw new NativeFault(code, 0, "access denied: 'domain' denied 'start' access"), default));
            Assert.Equal((code, "access denied: 'domain' denied 'start' access"), (forbidden.Code, forbidden.Reason));
        }

        Assert.Equal(HostLink.Up, _host.Link);
    }

    [Fact]
    public async Task A_refusal_for_good_reason_is_an_answer_and_opens_no_breaker()
    {
        for (var i = 0; i < 10; i++)
            await Assert.ThrowsAsync<LibvirtNotFoundException>(() => _host.Domains.StartAsync(Guid.NewGuid()));
        Assert.Equal(HostLink.Up, _host.Link);
    }

    [Fact]
    public async Task A_lost_connection_is_opened_again_by_the_next_call()
    {
        await _host.Domains.ListAsync();
        _opening.Cut();
        Assert.Equal(HostLink.Down, _host.Link);
        Assert.NotNull(await _host.Domains.ListAsync());
        Assert.Equal(2, _opening.Attempts);
    }

    [Fact]
    public async Task A_connection_lost_during_a_call_says_that_the_effect_is_not_known()
    {
        await _host.Domains.ListAsync();
        var lost = await Assert.ThrowsAsync<LibvirtUnreachableException>(() => _host.CallAsync<int>(
            "virDomainDefineXMLFlags",
            _ =>
            {
                _opening.Cut();
                throw new NativeFault(38, 7, "End of file while reading data");
            },
            default));
        Assert.Equal((38, 7), (lost.Code, lost.Domain));
        Assert.Contains("whether it took effect is not known", lost.Message, StringComparison.Ordinal);
        Assert.NotNull(await _host.Domains.ListAsync());
    }

    [Fact]
    public async Task Statistics_are_asked_for_once_however_many_want_them()
    {
        var flight = new StatsFlight<int>("here");
        var answer = new TaskCompletionSource<int>();
        var started = 0;
        Task<int> Start(bool skipBusy, Func<IDisposable> begin)
        {
            started++;
            return answer.Task;
        }

        var asked = Enumerable.Range(0, 10).Select(_ => flight.JoinAsync(Start, default)).ToList();
        using var cancel = new CancellationTokenSource();
        var leaves = flight.JoinAsync(Start, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaves);
        answer.SetResult(5);
        Assert.All(await Task.WhenAll(asked), value => Assert.Equal(5, value));
        Assert.Equal(1, started);
    }

    [Fact]
    public async Task Statistics_after_one_that_hangs_skip_what_is_busy_and_are_bounded()
    {
        var flight = new StatsFlight<int>("here");
        var skipped = new List<bool>();
        var inside = new List<IDisposable>();
        Task<int> Hang(bool skipBusy, Func<IDisposable> begin)
        {
            skipped.Add(skipBusy);
            inside.Add(begin());
            return Task.FromException<int>(new LibvirtTimeoutException("here", "virConnectGetAllDomainStats", TimeSpan.FromSeconds(30)));
        }

        await Assert.ThrowsAsync<LibvirtTimeoutException>(() => flight.JoinAsync(Hang, default));
        await Assert.ThrowsAsync<LibvirtTimeoutException>(() => flight.JoinAsync(Hang, default));
        var refused = await Assert.ThrowsAsync<LibvirtUnreachableException>(() => flight.JoinAsync(Hang, default));
        Assert.Contains("2 calls for them still hang", refused.Message, StringComparison.Ordinal);
        Assert.Equal([false, true], skipped);
        inside.ForEach(running => running.Dispose());
        await Assert.ThrowsAsync<LibvirtTimeoutException>(() => flight.JoinAsync(Hang, default));
        Assert.False(skipped[^1]);
    }

    [Fact]
    public async Task A_cancelled_caller_gets_its_own_cancellation_and_no_other()
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _host.Domains.ListAsync(cancel.Token));
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        Assert.Equal(0, _opening.Attempts);
    }

    [Fact]
    public async Task A_closed_host_takes_no_calls()
    {
        await _host.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _host.Domains.ListAsync());
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _release.Set();
        _opening.Dispose();
        await _host.DisposeAsync();
    }

    private async Task<Task<int>> HangAsync(string call)
    {
        var started = new TaskCompletionSource();
        var hung = _host.CallAsync(
            call,
            _ =>
            {
                started.SetResult();
                _release.Wait();
                return 0;
            },
            default);
        await started.Task.WaitAsync(Some.Patience);
        return hung;
    }
}
