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

    /// <summary>Hands a signal to an orchestration of its own, which looks at the target for as long as it takes.</summary>
    Task LookAsync(Signal signal, CancellationToken cancellationToken);
}

/// <summary>Routes signals that wait.</summary>
public interface ISignalRouter
{
    /// <summary>Routes one batch. While signals stream in, it rests first and takes few. At least once: the store knows what was
    /// done.</summary>
    Task<RoutingReport> RouteAsync(IIncidents incidents, CancellationToken cancellationToken);
}
