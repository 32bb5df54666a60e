using System.Net;
using System.Text.Json;
using Heal.Drivers.Kubernetes.Credentials;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>Judges failed tries: is it worth another one, and is the cluster to blame. Pure.</summary>
internal static class FailurePolicy
{
    /// <summary>
    /// 429, 502, 503, 504 (not when a webhook or a disruption budget is why) and broken connections, if the call may be repeated; a call
    /// that was never sent always may, and so may one that a server with too much to do has refused (429): it has not begun with it.
    /// </summary>
    public static bool IsWorthAnotherTry(ApiCall call, Exception failure, TimeSpan maxRetryDelay) => failure switch
    {
        KubernetesUnreachableException { Cause: UnreachableCause.ConnectFailed } => true,
        KubernetesUnreachableException unreachable => call.IsIdempotent && unreachable.Cause is
            UnreachableCause.Disconnected or UnreachableCause.TimedOut or UnreachableCause.BadAnswer,
        KubernetesApiException { Error.Refusal: not null } => false,
        KubernetesApiException refused => IsPassing(refused.StatusCode) && (call.IsIdempotent || IsThrottling(refused))
            && !(refused.RetryAfter > maxRetryDelay),
        _ => false,
    };

    /// <summary>Whether the failure counts against the cluster: no answer, 5xx, 429. Refusals for good reason do not.</summary>
    public static bool IsClusterFailure(Exception failure) => failure switch
    {
        KubernetesUnreachableException unreachable => unreachable.Cause is
            UnreachableCause.ConnectFailed or UnreachableCause.Disconnected or UnreachableCause.TimedOut or UnreachableCause.BadAnswer,
        // A webhook that is down or a budget that allows no eviction says nothing of the API server.
        KubernetesApiException { Error.Refusal: not null } => false,
        KubernetesApiException wrong when RefusalReader.IsUnknownField(wrong.StatusCode, wrong.Error.ServerMessage) => false,
        KubernetesApiException refused => (int)refused.StatusCode >= 500 || refused.StatusCode == HttpStatusCode.TooManyRequests,
        _ => false,
    };

    /// <summary>The server has too much to do (API priority and fairness, or its own limits).</summary>
    public static bool IsThrottling(Exception failure) =>
        failure is KubernetesApiException { StatusCode: HttpStatusCode.TooManyRequests, Error.Refusal: null };

    private static bool IsPassing(HttpStatusCode code) => code is
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
}

/// <summary>Sorts the exceptions of the platform into ours.</summary>
internal static class FailureTranslation
{
    /// <summary>Whether it is one of a failed exchange.</summary>
    public static bool Knows(Exception exception) => Judge(exception) is not null;

    /// <summary>Our exception for one of a failed exchange; any other as it is.</summary>
    public static Exception Translate(Exception exception, ApiCall call, string resource) => Judge(exception) is var (cause, detail)
        ? new KubernetesUnreachableException(cause, call.Verb, resource, detail, exception)
        : exception;

    private static (UnreachableCause Cause, string Detail)? Judge(Exception exception) => exception switch
    {
        AnswerTooLargeException => (UnreachableCause.AnswerTooLarge,
            $"{exception.Message}. Narrow the request (selectors, TailLines, SinceSeconds) or raise the limit in the options."),
        CredentialsException => (UnreachableCause.CredentialsFailed, exception.Message),
        HttpRequestException http => (FromHttp(http.HttpRequestError), Words(exception)),
        // How the handler reports its own ConnectTimeout.
        OperationCanceledException { InnerException: TimeoutException } => (UnreachableCause.ConnectFailed, "no connection in time."),
        IOException => (UnreachableCause.Disconnected, Words(exception)),
        // The serializer wraps the reader's own exception when the text is no JSON at all; else a field has a type that we did not expect.
        JsonException { InnerException: JsonException } => (UnreachableCause.BadAnswer, $"broken JSON: {exception.Message}"),
        JsonException => (UnreachableCause.UnexpectedShape, $"unexpected JSON: {exception.Message}"),
        _ => null,
    };

    private static UnreachableCause FromHttp(HttpRequestError error) => error switch
    {
        HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError
            or HttpRequestError.ProxyTunnelError => UnreachableCause.ConnectFailed,
        HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded => UnreachableCause.BadAnswer,
        _ => UnreachableCause.Disconnected,
    };

    private static string Words(Exception exception) => exception.InnerException is { } inner && inner.Message != exception.Message
        ? $"{exception.Message} ({inner.Message})"
        : exception.Message;
}
