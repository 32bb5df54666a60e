namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>The host's own time limit made the function give up, or the host the function; not a limit that the function has set
/// itself.</summary>
internal sealed class FunctionTimeoutException : TimeoutException
{
    /// <summary>The function gave up.</summary>
    public FunctionTimeoutException(string message, Exception innerException)
        : base(message, innerException) => StillRunning = Task.CompletedTask;

    /// <summary>The function goes on, and nobody waits for it.</summary>
    public FunctionTimeoutException(string message, Task stillRunning)
        : base(message) => StillRunning = stillRunning;

    /// <summary>Ends when the function does.</summary>
    public Task StillRunning { get; }
}
