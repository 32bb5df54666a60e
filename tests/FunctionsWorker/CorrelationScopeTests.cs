using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.Logging;

namespace Heal.FunctionsWorker.Tests;

/// <summary>What requests of one connection, which follow each other in one flow of control, have of each other's log scopes.</summary>
public sealed class CorrelationScopeTests
{
    [Fact]
    public async Task A_request_that_waits_leaves_no_scope_to_the_flow_that_it_came_in_by()
    {
        var logger = new ScopedLogger();
        var reply = new TaskCompletionSource();
        int within = 0;
        var correlation = new Correlation(
            async _ =>
            {
                within = logger.Count();
                await reply.Task;
            },
            logger);

        Task request = correlation.InvokeAsync(new DefaultHttpContext());

        Assert.Equal(1, within);
        Assert.Equal(0, logger.Count());
        reply.SetResult();
        await request;
        Assert.Equal(0, logger.Count());
    }

    private sealed class ScopedLogger : ILogger<Correlation>
    {
        private readonly LoggerExternalScopeProvider _scopes = new();

        public int Count()
        {
            int count = 0;
            _scopes.ForEachScope((_, _) => count++, state: 0);
            return count;
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => _scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }
    }
}
