using Microsoft.Extensions.Logging;
using Npgsql;

namespace Heal.Postgres;

/// <summary>
/// Waits at start until PostgreSQL can be used: by default 30 s, trying after 0.1, 0.2, 0.4 ... at most 2 s.
/// What does not pass by itself (wrong password, no such database) is reported at once.
/// </summary>
public static partial class PostgresStartup
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(2);

    // A server that takes no notice, or a network that drops what is sent, must not hold the last attempt for longer.
    private static readonly TimeSpan ShortestAttempt = TimeSpan.FromSeconds(2);

    /// <summary>Returns when a connection could be opened.</summary>
    /// <param name="timeout">How long to try; default 30 s. Zero: one attempt, which has 2 s.</param>
    /// <exception cref="PostgresUnavailableException">It could not, with the reason and what to do.</exception>
    public static async Task WaitUntilReadyAsync(
        NpgsqlDataSource dataSource,
        TimeProvider timeProvider,
        ILogger logger,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        var limit = timeout ?? TimeSpan.FromSeconds(30);
        var start = timeProvider.GetTimestamp();
        for (var delay = FirstDelay; ; delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay)
        {
            try
            {
                await OpenAsync(dataSource, limit - timeProvider.GetElapsedTime(start), timeProvider, cancellationToken);
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                var waited = timeProvider.GetElapsedTime(start);
                if (!PostgresErrors.IsTransient(exception) || waited + delay > limit)
                {
                    throw PostgresUnavailableException.For(dataSource.ConnectionString, waited, exception);
                }

                Log.Waiting(logger, delay, exception.Message);
            }

            await Task.Delay(delay, timeProvider, cancellationToken);
        }
    }

    private static async Task OpenAsync(
        NpgsqlDataSource dataSource, TimeSpan left, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var most = left > ShortestAttempt ? left : ShortestAttempt;
        using var limit = new CancellationTokenSource(most, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var opening = dataSource.OpenConnectionAsync(either.Token).AsTask();
        try
        {
            // The driver does not heed the token while it negotiates the encryption.
            await using var connection = await opening.WaitAsync(either.Token);
        }
        catch (OperationCanceledException silent)
        {
            _ = DropAsync(opening);
            if (cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            throw new TimeoutException($"No answer to an attempt to connect within {most.TotalSeconds:0.#} s.", silent);
        }
    }

    /// <summary>A connection that nobody waits for any more goes back when it comes, if it does.</summary>
    private static async Task DropAsync(Task<NpgsqlConnection> late)
    {
        await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (late.IsCompletedSuccessfully)
        {
            await late.Result.DisposeAsync();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "PostgreSQL is not ready yet, trying again in {Delay}: {Reason}")]
        public static partial void Waiting(ILogger logger, TimeSpan delay, string reason);
    }
}
