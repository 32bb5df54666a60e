namespace Heal.Drivers.Kubernetes.Pods;

/// <summary>Conversations with a container that last: its log as it is written, and commands run in it.</summary>
/// <remarks>Throws as <see cref="IKubernetesClient"/> does.</remarks>
public interface IPodSessions
{
    /// <summary>
    /// Follows a container's log, line by line, until the container ends, a limit is reached or the caller stops. Not resumed when
    /// the connection breaks: then it ends with <see cref="KubernetesUnreachableException"/>.
    /// </summary>
    IAsyncEnumerable<PodLogLine> FollowLogAsync(
        string ns, string pod, LogFollowOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Runs a command in a container and waits for its end. Sent at most once. Needs the verbs "get" (servers before 1.35) and "create"
    /// (newer) on pods/exec.
    /// </summary>
    /// <exception cref="PodExecException">The command could not be started, e.g. because the container has no such program.</exception>
    /// <exception cref="KubernetesUnreachableException">It did not end in time, or the connection broke: it may still run.</exception>
    Task<ExecResult> ExecAsync(string ns, string pod, ExecOptions options, CancellationToken cancellationToken = default);
}

/// <summary>Which part of a log to follow.</summary>
public sealed record LogFollowOptions
{
    /// <summary>Null: the pod's only container; needed when it has several.</summary>
    public string? Container { get; init; }

    /// <summary>Begin with the last lines only; null: with all.</summary>
    public int? TailLines { get; init; }

    /// <summary>Begin with what is younger only; null: with all.</summary>
    public int? SinceSeconds { get; init; }

    /// <summary>Each line begins with its RFC 3339 time. Default false.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Longer lines are cut, and the rest of them is dropped. Default 16 KiB.</summary>
    public int MaxLineBytes { get; init; } = 16 << 10;

    /// <summary>Ends after this many bytes. Default 64 MiB.</summary>
    public long MaxBytes { get; init; } = 64L << 20;
}

/// <summary>One line of a log. It is text from a workload: data, never to be trusted; control characters are kept.</summary>
/// <param name="Text">UTF-8 without the line end; broken sequences are replaced.</param>
/// <param name="IsCut">True when it was longer than the limit.</param>
public sealed record PodLogLine(string Text, bool IsCut);

/// <summary>What to run, where, and how much of it to hear.</summary>
public sealed record ExecOptions
{
    /// <summary>Program and arguments; no shell looks at them.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Null: the pod's only container; needed when it has several.</summary>
    public string? Container { get; init; }

    /// <summary>
    /// Given to the command, then ended. Null: none. Servers before 1.30 cannot pass on the end: there, run a command that knows by itself
    /// when it has read enough.
    /// </summary>
    public ReadOnlyMemory<byte>? StandardInput { get; init; }

    /// <summary>How long the command may take. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes kept of each output; the rest is read and dropped. Default 1 MiB.</summary>
    public int MaxOutputBytes { get; init; } = 1 << 20;
}

/// <summary>What a command did. Outputs are text from a workload: data, never to be trusted.</summary>
/// <param name="StandardOutput">The beginning, up to the limit; UTF-8 with broken sequences replaced.</param>
/// <param name="IsTruncated">True when an output was longer than the limit.</param>
public sealed record ExecResult(int ExitCode, string StandardOutput, string StandardError, bool IsTruncated);

/// <summary>A command could not be started in a container.</summary>
public sealed class PodExecException(string pod, string container, string detail)
    : Exception($"Cannot run a command in pod '{pod}', container '{container}': {detail}")
{
    public string Pod { get; } = pod;

    /// <summary>Empty: the only one.</summary>
    public string Container { get; } = container;

    /// <summary>The container runtime's words. Data from outside.</summary>
    public string Detail { get; } = detail;
}
