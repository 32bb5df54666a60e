using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// What becomes of a function that goes on although <c>functionTimeout</c> has passed and its token is cancelled: its invocation fails as
/// timed out after <see cref="Grace"/>, and the host goes on. The function itself cannot be stopped. A function that never gives its
/// thread back is not noticed before it does.
/// </summary>
internal static partial class AbandonedFunction
{
    /// <summary>Time for a function to heed its cancelled token.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    // A timer takes no more.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(49);

    /// <exception cref="FunctionTimeoutException">It still runs.</exception>
    public static async Task WaitAsync(Task run, TimeSpan? limit, InvocationEnd end, TimeProvider time)
    {
        if (run.IsCompleted || limit is not { } most || most >= LongestWait)
        {
            await run;
            return;
        }

        TimeSpan left = most + Grace - end.Elapsed;
        try
        {
            await run.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        }
        catch (TimeoutException) when (!run.IsCompleted)
        {
            // Made now, and cancelled, if the function has never asked for it: it may do so later.
            _ = end.Token;
            throw new FunctionTimeoutException(
                $"The function still runs {Grace} after the functionTimeout of host.json, {most}, and is waited for no longer.", run);
        }
    }

    public static void Report(
        FunctionTimeoutException timeout, ILogger logger, string function, TimeSpan? limit, InvocationEnd end, string invocationId)
    {
        Log.Abandoned(logger, function, limit, end.Elapsed, invocationId);
        _ = ReportEndAsync(timeout.StillRunning, logger, function, invocationId);
    }

    /// <summary>The function may still use what it got from its scope.</summary>
    public static async Task DisposeAfterAsync(Task running, AsyncServiceScope scope, ILoggerFactory loggers)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await scope.DisposeAsync();
        }
        catch (Exception exception)
        {
            Log.NotDisposed(loggers.CreateLogger<FunctionInvoker>(), exception);
        }
    }

    private static async Task ReportEndAsync(Task running, ILogger logger, string function, string invocationId)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Log.EndedAtLast(logger, running.Exception?.GetBaseException(), function, running.Status, invocationId);
    }

    private static partial class Log
    {
        [LoggerMessage(12, LogLevel.Critical,
            "Function {Function} still runs after {Elapsed}, although functionTimeout ({Limit}) has passed and its "
            + "token is cancelled. The invocation has failed, but the function cannot be stopped: what it does from now on, and "
            + "what it holds, is nobody's. Let it heed its CancellationToken (invocation {InvocationId})")]
        public static partial void Abandoned(ILogger logger, string function, TimeSpan? limit, TimeSpan elapsed, string invocationId);

        [LoggerMessage(13, LogLevel.Warning,
            "Function {Function}, which was waited for no longer, has ended at last: {Status} (invocation {InvocationId})")]
        public static partial void EndedAtLast(
            ILogger logger, Exception? exception, string function, TaskStatus status, string invocationId);

        [LoggerMessage(14, LogLevel.Error, "What a function that had been given up used could not be disposed")]
        public static partial void NotDisposed(ILogger logger, Exception exception);
    }
}
