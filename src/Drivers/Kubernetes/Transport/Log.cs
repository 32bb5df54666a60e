using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Kubernetes.Transport;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "Circuit breaker of Kubernetes cluster {Cluster} opened for {Seconds} s, last failure: {Reason}")]
    public static partial void BreakerOpened(ILogger logger, string cluster, double seconds, string? reason);

    [LoggerMessage(2, LogLevel.Information, "Circuit breaker of Kubernetes cluster {Cluster} lets one call through")]
    public static partial void BreakerHalfOpened(ILogger logger, string cluster);

    [LoggerMessage(3, LogLevel.Information, "Circuit breaker of Kubernetes cluster {Cluster} closed")]
    public static partial void BreakerClosed(ILogger logger, string cluster);

    [LoggerMessage(4, LogLevel.Information, "Try {Attempt} to {Verb} {Resource} failed, next in {Milliseconds} ms: {Reason}")]
    public static partial void Retrying(ILogger logger, int attempt, string verb, string resource, double milliseconds, string? reason);

    [LoggerMessage(5, LogLevel.Information, "Kubernetes cluster {Cluster} did not accept our credentials, getting new ones")]
    public static partial void CredentialsRejected(ILogger logger, string cluster);

    [LoggerMessage(6, LogLevel.Warning, "Certificate of Kubernetes cluster {Cluster} is not verified (AllowInsecureTls)")]
    public static partial void TlsNotVerified(ILogger logger, string cluster);

    [LoggerMessage(7, LogLevel.Information, "Kubernetes client for {Cluster}, configured by {Origin}")]
    public static partial void Configured(ILogger logger, string cluster, string origin);

    [LoggerMessage(8, LogLevel.Information, "Watch of {Resource} broke off, next try in {Milliseconds} ms: {Reason}")]
    public static partial void WatchBroke(ILogger logger, string resource, double milliseconds, string? reason);

    [LoggerMessage(9, LogLevel.Information, "Watch of {Resource}: the server no longer knows version {ResourceVersion}, listing anew")]
    public static partial void WatchExpired(ILogger logger, string resource, string resourceVersion);

    [LoggerMessage(10, LogLevel.Information, "List of {Resource} expired between two pages, beginning anew")]
    public static partial void ListExpired(ILogger logger, string resource);

    [LoggerMessage(11, LogLevel.Debug, "Watch of {Resource}: the server does not stream what exists, listing it instead: {Reason}")]
    public static partial void NotStreamed(ILogger logger, string resource, string reason);
}
