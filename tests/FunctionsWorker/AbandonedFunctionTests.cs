using System.Net;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Invocation;

namespace Heal.FunctionsWorker.Tests;

public sealed class AbandonedFunctionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly ManualTime _time = new();
    private readonly TaskCompletionSource _function = new();

    [Fact]
    public async Task A_function_that_does_not_heed_functionTimeout_is_answered_for_and_the_host_goes_on()
    {
        await using TestHost host = await TestHost.StartAsync(hostJson: """{ "version": "2.0", "functionTimeout": "00:00:01" }""");
        HttpResponseMessage response = await host.GetAsync("/api/Deaf");
        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.True(response.Headers.ConnectionClose);
        await host.Log.ContainsAsync("Function Deaf still runs after");
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/Text")).StatusCode);

        host.Get<Journal>().GoOn.Release();
        await host.Log.ContainsAsync("Function Deaf, which was waited for no longer, has ended at last: RanToCompletion");
    }

    [Fact]
    public async Task It_is_given_up_after_the_limit_and_the_grace_and_can_ask_for_its_cancelled_token_even_then()
    {
        using InvocationEnd end = Begin();
        Task waited = AbandonedFunction.WaitAsync(_function.Task, Limit, end, _time);
        _time.Advance(Limit + AbandonedFunction.Grace - TimeSpan.FromTicks(1));
        Assert.False(waited.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));

        FunctionTimeoutException timeout = await Assert.ThrowsAsync<FunctionTimeoutException>(() => waited);
        Assert.Same(_function.Task, timeout.StillRunning);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(end.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task A_time_out_of_the_functions_own_is_its_own()
    {
        using InvocationEnd end = Begin();
        Task waited = AbandonedFunction.WaitAsync(_function.Task, Limit, end, _time);
        _function.SetException(new TimeoutException("mine"));
        Assert.Equal("mine", (await Assert.ThrowsAsync<TimeoutException>(() => waited)).Message);
    }

    private InvocationEnd Begin() => new(Limit, _time, CancellationToken.None, CancellationToken.None);
}
