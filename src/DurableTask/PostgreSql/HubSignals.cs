using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>Wakes who waits in this process: workers by kind of work, clients by instance.</summary>
internal sealed class HubSignals(TimeProvider timeProvider, TimeSpan safetyPoll)
{
    private readonly WorkSignal _orchestrations = new();
    private readonly WorkSignal _activities = new();
    private readonly WorkSignal _entities = new();

    public InstanceWatchers Watchers { get; } = new(timeProvider, safetyPoll);

    public WorkSignal Of(WorkKind kind) => kind switch
    {
        WorkKind.Orchestration => _orchestrations,
        WorkKind.Activity => _activities,
        _ => _entities,
    };

    public void Publish(HubNews news)
    {
        if (news.Orchestrations)
        {
            _orchestrations.Set();
        }

        if (news.Activities)
        {
            _activities.Set();
        }

        if (news.Entities)
        {
            _entities.Set();
        }

        foreach (var instanceId in news.Instances)
        {
            Watchers.Changed(instanceId);
        }
    }

    /// <summary>After a gap in which news may have been missed.</summary>
    public void PublishEverything()
    {
        _orchestrations.Set();
        _activities.Set();
        _entities.Set();
        Watchers.AllChanged();
    }
}
