namespace Microsoft.DurableTask.Client;

/// <summary>
/// The task hub is out of reach, which may pass by itself: the same call may succeed later. The official client throws its transport's
/// exception there; this type is this project's addition beside the contract. A call that failed so may have been stored or not: repeat a
/// start with an instance id of your own.
/// </summary>
public sealed class TaskHubUnavailableException : Exception
{
    public TaskHubUnavailableException()
    {
    }

    public TaskHubUnavailableException(string message)
        : base(message)
    {
    }

    /// <param name="innerException">What the storage said.</param>
    public TaskHubUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
