using System.Net;

namespace Heal.Drivers.Kubernetes;

/// <summary>The API server answered, and refused. The base of all errors that a server's answer can cause.</summary>
public class KubernetesApiException : Exception
{
    public KubernetesApiException(KubernetesApiError error, Exception? innerException = null)
        : base(error.Describe(), innerException) => Error = error;

    public KubernetesApiError Error { get; }

    public HttpStatusCode StatusCode => Error.StatusCode;

    /// <summary>The server's machine-readable reason, e.g. "NotFound", "Invalid"; empty when its answer had none.</summary>
    public string Reason => Error.Reason;

    /// <summary>How long the server asks to wait; null when it does not.</summary>
    public TimeSpan? RetryAfter => Error.RetryAfter;

    /// <summary>Which rule of the cluster refused, by name; null when it was the API server itself.</summary>
    public Refusal? Refusal => Error.Refusal;

    /// <summary>The server could not read or write its storage (etcd): no space, no leader, timeout.</summary>
    public bool IsStorageFailure => Error.IsStorageFailure;

    /// <summary>
    /// It is about this call and not about the moment: the same call would be refused again. False for 408, 429 and failures of the server.
    /// </summary>
    public bool IsFinal => Refusal is { Kind: RefusalKind.TooLarge } || (int)StatusCode is >= 400 and < 500 and not 408 and not 429;
}

/// <summary>What is known of a refused call.</summary>
public sealed record KubernetesApiError
{
    public required HttpStatusCode StatusCode { get; init; }
    public string Reason { get; init; } = string.Empty;

    /// <summary>The server's words, at most 2,000 characters. Data from outside.</summary>
    public string ServerMessage { get; init; } = string.Empty;
    public IReadOnlyList<StatusCause> Causes { get; init; } = [];
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Which rule of the cluster refused; null when it was the API server itself.</summary>
    public Refusal? Refusal { get; init; }

    /// <summary>The server could not read or write its storage (etcd).</summary>
    public bool IsStorageFailure { get; init; }

    /// <summary>The Kubernetes verb: get, list, watch, create, update, patch, delete.</summary>
    public required string Verb { get; init; }

    /// <summary>The URL without its query and without credentials.</summary>
    public required string Resource { get; init; }

    internal string Describe() =>
        $"Kubernetes refused to {Verb} '{Resource}': {(int)StatusCode} {(Reason.Length == 0 ? StatusCode.ToString() : Reason)}"
        + (ServerMessage.Length == 0 ? "." : $": {ServerMessage}")
        + (IsStorageFailure ? " The cluster's storage (etcd) has failed, not this call: look there." : string.Empty)
        + (Refusal is { Kind: RefusalKind.WebhookUnreachable } down
            ? $" The admission webhook '{down.Name}' cannot be reached, and its failurePolicy is Fail."
            : string.Empty)
        + (Refusal is { Kind: RefusalKind.TooLarge }
            ? " The object is larger than the cluster's storage takes (about 1.5 MiB): make it smaller."
            : string.Empty);
}

/// <summary>One cause of a refusal, e.g. an invalid field or a conflict over one.</summary>
public sealed record StatusCause(string Reason, string Message, string Field);
