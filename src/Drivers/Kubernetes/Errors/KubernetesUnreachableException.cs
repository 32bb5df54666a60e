namespace Heal.Drivers.Kubernetes;

/// <summary>
/// There is no usable answer: no connection, deadline passed, answer broken off or unreadable, or the circuit breaker is open.
/// </summary>
public sealed class KubernetesUnreachableException : Exception
{
    public KubernetesUnreachableException(
        UnreachableCause cause, string verb, string resource, string detail, Exception? innerException = null)
        : base($"No usable answer from Kubernetes to {verb} '{resource}': {detail}", innerException)
    {
        Cause = cause;
        Verb = verb;
        Resource = resource;
    }

    public UnreachableCause Cause { get; }

    public string Verb { get; }

    /// <summary>The URL without its query and without credentials.</summary>
    public string Resource { get; }

    /// <summary>
    /// True when the request cannot have reached the server; false when it may have been carried out.
    /// </summary>
    public bool NotSent => Cause is UnreachableCause.ConnectFailed or UnreachableCause.BreakerOpen or UnreachableCause.CredentialsFailed;
}

/// <summary>Why there is no usable answer.</summary>
public enum UnreachableCause
{
    /// <summary>No connection: refused, no route, name unknown, TLS refused.</summary>
    ConnectFailed,

    /// <summary>The connection broke before the answer was complete.</summary>
    Disconnected,

    /// <summary>The deadline passed.</summary>
    TimedOut,

    /// <summary>Too many calls failed lately; this one was not tried.</summary>
    BreakerOpen,

    /// <summary>The answer is broken: no HTTP, no JSON.</summary>
    BadAnswer,

    /// <summary>The answer is JSON, but not that of the object asked for: another kind of server, or a field of another type.</summary>
    UnexpectedShape,

    /// <summary>The answer is larger than the limit.</summary>
    AnswerTooLarge,

    /// <summary>Our credentials could not be obtained (exec plugin or token file).</summary>
    CredentialsFailed,
}
