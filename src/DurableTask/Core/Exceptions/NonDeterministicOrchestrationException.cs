namespace DurableTask.Core.Exceptions;

/// <summary>The orchestrator's code did something else than its history says it did before.</summary>
public class NonDeterministicOrchestrationException : OrchestrationException
{
    public NonDeterministicOrchestrationException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="eventId">The sequence number of the first action that differs.</param>
    /// <param name="eventDetails">What the history holds and what the code did, in words.</param>
    public NonDeterministicOrchestrationException(int eventId, string eventDetails)
        : base($"Non-Deterministic workflow detected: {eventDetails}")
    {
        EventId = eventId;
    }

    public NonDeterministicOrchestrationException(string message)
        : base(message)
    {
    }

    public NonDeterministicOrchestrationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
