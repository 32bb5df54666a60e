using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// Runs an invocation again after it failed, as the function's retry attribute says. Each attempt is an invocation of its own. A host that
/// stops does not wait, and says of a failure that its retries are still to come.
/// </summary>
internal sealed partial class RetryLoop(TimeProvider time, IHostApplicationLifetime lifetime, ILogger<RetryLoop> logger)
{
    public async Task<FunctionContext> RunAsync(
        InvocationRequest request,
        FunctionRetry policy,
        Func<InvocationRequest, CancellationToken, ValueTask<FunctionContext>> invoke,
        CancellationToken cancellationToken)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        for (int retry = 0; ; retry++)
        {
            try
            {
                return await invoke(request with { Retry = new AttemptContext(retry, policy.MaxRetryCount) }, cancellationToken);
            }
            catch (Exception exception) when (policy.Allows(retry + 1))
            {
                if (ends.IsCancellationRequested)
                {
                    throw new RetriesInterruptedException(exception);
                }

                TimeSpan delay = policy.DelayBefore(retry + 1);
                Log.TriesAgain(logger, request.Function.Name, retry + 1, policy.MaxRetryCount, exception.Message, delay);
                if (exception is FunctionTimeoutException timeout)
                {
                    // Given up, it may still run: the attempts of one function are never two at a time.
                    await timeout.StillRunning.WaitAsync(ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                await Task.Delay(delay, time, ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (ends.IsCancellationRequested)
                {
                    throw new RetriesInterruptedException(exception);
                }
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(7, LogLevel.Warning,
            "Function {Function} failed ({Reason}); retry {Retry} of {MaxRetryCount} (-1: no end) begins in {Delay}")]
        public static partial void TriesAgain(
            ILogger logger, string function, int retry, int maxRetryCount, string reason, TimeSpan delay);
    }
}
