namespace DurableTask.Core.Exceptions;

/// <summary>An instance with this id exists in a status that forbids a new one.</summary>
public class OrchestrationAlreadyExistsException : OrchestrationException
{
    public OrchestrationAlreadyExistsException()
    {
    }

    public OrchestrationAlreadyExistsException(string message)
        : base(message)
    {
    }

    public OrchestrationAlreadyExistsException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
