namespace Heal.Drivers.Kubernetes;

/// <summary>The server does not accept our credentials (401). The message says which were sent, and if they have expired, when.</summary>
public sealed class KubernetesUnauthorizedException(KubernetesApiError error, DateTimeOffset? expiredAt) : KubernetesApiException(error)
{
    /// <summary>When the credential expired; null when it has not, as far as can be seen.</summary>
    public DateTimeOffset? ExpiredAt { get; } = expiredAt;
}
