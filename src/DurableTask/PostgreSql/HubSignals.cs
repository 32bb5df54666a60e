using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>Wakes who waits in this process: workers by kind of work, clients by instance.</summary>
internal sealed class HubSignals(TimeProvider timeProvider, TimeSpan safetyPoll)
{
    private readonly WorkSignal _orchestrations = new();
    private readonly WorkSignal _activities = new();
    private readonly WorkSignal _entities = new();

    private long _orchestrationNews;

    /// <summary>Grows with every word of work for orchestrations: who looked before it was said has to look again.</summary>
    public long OrchestrationNews => Interlocked.Read(ref _orchestrationNews);

    public InstanceWatchers Watchers { get; } = new(timeProvider, safetyPoll, mayRunWatchers: true);

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
            Interlocked.Increment(ref _orchestrationNews);
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

        foreach (var instanceId in news.Instances.Where(id => !news.Ended.Contains(id)))
        {
            Watchers.Changed(instanceId, news.States.GetValueOrDefault(instanceId));
        }
    }

    /// <summary>After a gap in which news may have been missed.</summary>
    public void PublishEverything()
    {
        Interlocked.Increment(ref _orchestrationNews);
        _orchestrations.Set();
        _activities.Set();
        _entities.Set();
        Watchers.AllChanged();
    }
}
