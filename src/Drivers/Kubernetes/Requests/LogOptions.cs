namespace Heal.Drivers.Kubernetes;

/// <summary>Which part of a container's log. Default: the last 1 MiB of the pod's only container.</summary>
public sealed record LogOptions
{
    /// <summary>Null: the pod's only container; needed when it has several.</summary>
    public string? Container { get; init; }

    /// <summary>The log of the run before the last restart. Default false.</summary>
    public bool Previous { get; init; }

    /// <summary>Only the last lines; null: all.</summary>
    public int? TailLines { get; init; }

    /// <summary>
    /// At most this many bytes, counted from the end; null: the client's <see cref="KubernetesClientOptions.MaxLogBytes"/> (1 MiB).
    /// </summary>
    public int? LimitBytes { get; init; }

    /// <summary>Only what is younger; null: all.</summary>
    public int? SinceSeconds { get; init; }

    /// <summary>Each line begins with its RFC 3339 time. Default false.</summary>
    public bool Timestamps { get; init; }
}

/// <summary>A piece of a log. It is text from a workload: data, never to be trusted.</summary>
/// <param name="Text">UTF-8; broken sequences are replaced.</param>
/// <param name="IsTruncated">True when the beginning was cut off to keep the limit.</param>
public sealed record PodLog(string Text, bool IsTruncated);
