using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker;

/// <summary>
/// The engine's way to a logger. What a provider throws (its disk is full, its stream is closed) must not change what becomes of the work:
/// an entry is lost then, and nothing else. The first loss is told on standard error, as nothing else is left to tell it.
/// </summary>
internal sealed class QuietLogger(ILogger logger) : ILogger
{
    private static int _isTold;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        try
        {
            return logger.BeginScope(state);
        }
        catch (Exception own)
        {
            Tell(own);
            return null;
        }
    }

    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return logger.IsEnabled(logLevel);
        }
        catch (Exception own)
        {
            Tell(own);
            return false;
        }
    }

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            logger.Log(logLevel, eventId, state, exception, formatter);
        }
        catch (Exception own)
        {
            Tell(own);
        }
    }

    private static void Tell(Exception own)
    {
        if (Interlocked.Exchange(ref _isTold, 1) == 0)
        {
            try
            {
                Console.Error.WriteLine($"A logging provider throws, so entries of the durable task engine are lost: {own.Message}");
            }
            catch (Exception)
            {
                // There is nobody left to tell.
            }
        }
    }
}
