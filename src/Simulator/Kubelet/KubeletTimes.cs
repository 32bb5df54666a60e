namespace Heal.Simulator.Kubelet;

/// <summary>How long things take on a simulated node, in simulated seconds.</summary>
public sealed record KubeletTimes
{
    /// <summary>Pulling an image that exists, or finding out that it does not.</summary>
    public double PullSeconds { get; init; } = 1;

    /// <summary>From the start of a container to its first successful probe, beside the probe's own initial delay.</summary>
    public double ReadySeconds { get; init; } = 1;

    /// <summary>From the request to end until the containers have ended.</summary>
    public double StopSeconds { get; init; } = 1;

    /// <summary>First wait of the two back-offs; it doubles up to <see cref="BackOffLimitSeconds"/>.</summary>
    public double BackOffSeconds { get; init; } = 10;

    public double BackOffLimitSeconds { get; init; } = 300;

    /// <summary>A container that ran that long starts its next back-off afresh.</summary>
    public double BackOffResetSeconds { get; init; } = 600;

    /// <summary>Between attempts to mount a volume or to configure a container whose sources are missing.</summary>
    public double RetrySeconds { get; init; } = 10;
}
