using Heal.Healing;

namespace Heal.Activities;

/// <summary>What routing does to orchestrations. Every method may be repeated, without a second effect that matters.</summary>
public interface IIncidents
{
    /// <summary>Starts the incident's orchestration; one that exists is success, whatever its status.</summary>
    Task StartAsync(IncidentInput incident, Signal signal, CancellationToken cancellationToken);

    /// <summary>Tells a running incident of one more signal. That it is told twice, or has ended, does no harm: what counts is the
    /// store.</summary>
    Task TellAsync(string incidentId, Signal signal, CancellationToken cancellationToken);

    /// <summary>Hands a signal to an orchestration of its own, which looks at the target for as long as it takes. One that is under way or
    /// done is success.</summary>
    Task LookAsync(Signal signal, CancellationToken cancellationToken);

    /// <summary>What became of that look.</summary>
    Task<LookProgress> FindLookAsync(Signal signal, CancellationToken cancellationToken);
}

/// <summary>Where the look at the target of a signal is.</summary>
public enum LookProgress
{
    UnderWay,

    /// <summary>The signal is where it belongs.</summary>
    Done,

    /// <summary>Nobody works on it: it failed, was terminated, or is gone with its hub. It has to be begun again.</summary>
    Lost,
}

/// <summary>Routes signals that wait.</summary>
public interface ISignalRouter
{
    /// <summary>Routes one batch. While signals stream in, it rests first and takes few. At least once: the store knows what was
    /// done.</summary>
    Task<RoutingReport> RouteAsync(IIncidents incidents, CancellationToken cancellationToken);
}
