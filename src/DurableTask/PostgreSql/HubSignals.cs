using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>Wakes who waits in this process: workers by kind of work, clients by instance.</summary>
internal sealed class HubSignals(TimeProvider timeProvider, TimeSpan safetyPoll)
{
    private readonly WorkSignal _orchestrations = new();
    private readonly WorkSignal _activities = new();

    private long _orchestrationNews;

    /// <summary>Grows with every word of work for orchestrations: who looked before it was said has to look again.</summary>
    public long OrchestrationNews => Interlocked.Read(ref _orchestrationNews);

    public InstanceWatchers Watchers { get; } = new(timeProvider, safetyPoll);

    public WorkSignal Of(WorkKind kind) => kind == WorkKind.Orchestration ? _orchestrations : _activities;

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

        foreach (var instanceId in news.Instances)
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
        Watchers.AllChanged();
    }
}
