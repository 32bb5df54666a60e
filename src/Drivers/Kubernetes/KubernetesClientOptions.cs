namespace Heal.Drivers.Kubernetes;

/// <summary>
/// Which cluster, and the limits of every call. Without a server or path: the files of KUBECONFIG, else ~/.kube/config, else the
/// pod's service account.
/// </summary>
public sealed class KubernetesClientOptions
{
    /// <summary>Explicit server, e.g. http://127.0.0.1:8001; kubeconfig is not read then. Plain HTTP on loopback only.</summary>
    public Uri? Server { get; set; }

    /// <summary>Bearer token for <see cref="Server"/>.</summary>
    public string? Token { get; set; }

    /// <summary>PEM bundle of the CAs that may have signed <see cref="Server"/>'s certificate; null: the system's.</summary>
    public string? CertificateAuthorityPem { get; set; }

    /// <summary>One kubeconfig file, or several as in KUBECONFIG.</summary>
    public string? KubeconfigPath { get; set; }

    /// <summary>Which context of the kubeconfig; null: its current one.</summary>
    public string? Context { get; set; }

    /// <summary>Allows plain HTTP to hosts that are not loopback. Default false.</summary>
    public bool AllowPlainHttp { get; set; }

    /// <summary>Allows insecure-skip-tls-verify of a kubeconfig. Default false: it is refused.</summary>
    public bool AllowInsecureTls { get; set; }

    /// <summary>Deadline of one try of a call (watches apart). Default 30 s.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Deadline of opening a connection, TLS included. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Budget of a call with all its tries and pauses. Default 60 s.</summary>
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Tries per call, the first one included. Default 4.</summary>
    public int MaxAttempts { get; set; } = 4;

    /// <summary>Pause before the second try; doubles, with jitter, up to <see cref="MaxRetryDelay"/>. Default 200 ms.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest pause, also when the server asks for more with Retry-After (then the call fails at once). Default 20 s.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Retries that all calls together may have saved up. Default 20; an empty budget means one try per call.
    /// </summary>
    public int RetryBudget { get; set; } = 20;

    /// <summary>
    /// What each call adds to <see cref="RetryBudget"/>. Default 0.2: at most every fifth call is repeated in the long run.
    /// </summary>
    public double RetriesPerCall { get; set; } = 0.2;

    /// <summary>
    /// Requests per second to the cluster. Default 50. Halved with each 429, and restored as calls succeed; after a 429 with Retry-After
    /// nothing is sent before that time (at most <see cref="MaxRetryDelay"/>).
    /// </summary>
    public double RequestsPerSecond { get; set; } = 50;

    /// <summary>Requests at once after a quiet time. Default 100.</summary>
    public int RequestBurst { get; set; } = 100;

    /// <summary>The breaker opens at this share of failed tries. Default 0.5.</summary>
    public double BreakerFailureRatio { get; set; } = 0.5;

    /// <summary>... of at least this many. Default 10.</summary>
    public int BreakerMinimumThroughput { get; set; } = 10;

    /// <summary>... within this time. Default 30 s.</summary>
    public TimeSpan BreakerSamplingDuration { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>It stays open this long, then lets one call through. Default 15 s.</summary>
    public TimeSpan BreakerBreakDuration { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Largest answer, in bytes, all pages of a list together. Default 64 MiB.</summary>
    public long MaxResponseBytes { get; set; } = 64L << 20;

    /// <summary>Largest piece of a log, in bytes. Default 1 MiB.</summary>
    public int MaxLogBytes { get; set; } = 1 << 20;

    /// <summary>Largest error answer that is read, in bytes; the rest is dropped. Default 64 KiB.</summary>
    public int MaxErrorBytes { get; set; } = 64 << 10;

    /// <summary>How long discovery answers are believed. Default 10 min; a 404 on a kind refreshes them earlier.</summary>
    public TimeSpan DiscoveryLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Watches ask for the existing objects in their own stream (sendInitialEvents, Kubernetes 1.32 and newer) and list them only where the
    /// server does not do that. Default true; false: they always list.
    /// </summary>
    public bool StreamLists { get; set; } = true;

    /// <summary>
    /// How long an exec credential plugin may run. Default 25 s; never longer than five sixths of <see cref="AttemptTimeout"/>, so that one
    /// that hangs is named, and not taken for an outage of the cluster.
    /// </summary>
    public TimeSpan ExecTimeout { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>
    /// Connections to the server at once; each watch (kind and namespace) holds one. Default 3,200: all that the caches may hold
    /// (MaxCaches of the cache options), and 200 for calls, which <see cref="RequestsPerSecond"/> limits.
    /// </summary>
    public int MaxConnections { get; set; } = 3_200;

    /// <summary>All that is wrong with the values; empty when they are usable.</summary>
    internal IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        foreach (var (name, value) in ((string, TimeSpan)[])[
            (nameof(AttemptTimeout), AttemptTimeout), (nameof(ConnectTimeout), ConnectTimeout), (nameof(TotalTimeout), TotalTimeout),
            (nameof(RetryDelay), RetryDelay), (nameof(MaxRetryDelay), MaxRetryDelay), (nameof(DiscoveryLifetime), DiscoveryLifetime),
            (nameof(ExecTimeout), ExecTimeout)])
            Check(name, value > TimeSpan.Zero && value <= TimeSpan.FromDays(1), "more than zero and at most a day", value);
        foreach (var (name, value) in ((string, TimeSpan)[])[
            (nameof(BreakerSamplingDuration), BreakerSamplingDuration), (nameof(BreakerBreakDuration), BreakerBreakDuration)])
            Check(name, value >= TimeSpan.FromSeconds(0.5) && value <= TimeSpan.FromDays(1), "0.5 s to a day", value);
        Check(nameof(BreakerFailureRatio), BreakerFailureRatio is > 0 and <= 1, "more than 0 and at most 1", BreakerFailureRatio);
        Check(nameof(BreakerMinimumThroughput), BreakerMinimumThroughput >= 2, "at least 2", BreakerMinimumThroughput);
        Check(nameof(MaxAttempts), MaxAttempts is >= 1 and <= 20, "1 to 20", MaxAttempts);
        Check(nameof(RetryBudget), RetryBudget >= 0, "at least 0", RetryBudget);
        Check(nameof(RetriesPerCall), RetriesPerCall is >= 0 and <= 10, "0 to 10", RetriesPerCall);
        Check(nameof(RequestsPerSecond), RequestsPerSecond is >= 0.1 and <= 100_000, "0.1 to 100000", RequestsPerSecond);
        Check(nameof(RequestBurst), RequestBurst >= 1, "at least 1", RequestBurst);
        Check(nameof(MaxResponseBytes), MaxResponseBytes >= 1024, "at least 1024", MaxResponseBytes);
        Check(nameof(MaxLogBytes), MaxLogBytes >= 1, "at least 1", MaxLogBytes);
        Check(nameof(MaxErrorBytes), MaxErrorBytes is >= 256 and <= 16 << 20, "256 to 16 MiB", MaxErrorBytes);
        Check(nameof(MaxConnections), MaxConnections >= 1, "at least 1", MaxConnections);
        return faults;

        void Check(string name, bool holds, string expected, object got)
        {
            if (!holds)
                faults.Add($"Kubernetes client option '{name}': expected {expected}, got {got}.");
        }
    }
}
