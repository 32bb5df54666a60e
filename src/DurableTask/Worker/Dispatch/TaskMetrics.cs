using System.Diagnostics;
using System.Diagnostics.Metrics;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// What this worker has begun and ended, in the meter <c>Microsoft.DurableTask</c>: counted when it is stored, so that a turn which is
/// played again counts once. Costs nothing while nobody listens. Names and units: docs/durable-task/metrics.md.
/// </summary>
internal sealed class TaskMetrics
{
    public const string MeterName = "Microsoft.DurableTask";

    private readonly Counter<long> _started;
    private readonly Counter<long> _ended;
    private readonly Histogram<double> _lifetime;
    private readonly Counter<long> _activities;
    private readonly Histogram<double> _activityDuration;
    private readonly Counter<long> _operations;

    /// <param name="meters">The host's; null without one.</param>
    public TaskMetrics(IMeterFactory? meters)
    {
        Meter meter = meters?.Create(MeterName) ?? new Meter(MeterName);
        _started = meter.CreateCounter<long>(
            "durabletask.orchestrations.started", "{orchestration}", "Executions whose first turn is stored.");
        _ended = meter.CreateCounter<long>("durabletask.orchestrations.ended", "{orchestration}", "Executions whose last turn is stored.");
        _lifetime = meter.CreateHistogram<double>("durabletask.orchestration.duration", "s", "From an execution's start to its end.");
        _activities = meter.CreateCounter<long>("durabletask.activities.ended", "{activity}", "Activities that ran to an end.");
        _activityDuration = meter.CreateHistogram<double>("durabletask.activity.duration", "s", "From an activity's start to its end.");
        _operations = meter.CreateCounter<long>("durabletask.entity.operations", "{operation}", "Operations of entities that ran.");
    }

    /// <summary>A turn is stored.</summary>
    /// <param name="start">The execution's start; null when its history has none that can be read.</param>
    public void Stored(TurnCommit turn, ExecutionStartedEvent? start, DateTime now)
    {
        string name = start?.Name ?? "";
        if (turn.HistoryCount == 0 && _started.Enabled)
        {
            _started.Add(1, new KeyValuePair<string, object?>("name", name));
        }

        if ((turn.ContinueAs is not null || turn.Status.IsTerminal()) && (_ended.Enabled || _lifetime.Enabled))
        {
            var tags = new TagList { { "name", name }, { "status", StatusOf(turn) } };
            _ended.Add(1, tags);
            if (start is not null)
            {
                DateTime begun = start.ScheduledStartTime is { } later && later > start.Timestamp ? later : start.Timestamp;
                _lifetime.Record(Math.Max(0, (now - begun).TotalSeconds), tags);
            }
        }
    }

    public bool MeasuresActivities => _activities.Enabled || _activityDuration.Enabled;

    /// <param name="outcome">completed, failed, or interrupted: nothing is recorded, and it runs again.</param>
    public void ActivityEnded(string name, string outcome, TimeSpan duration)
    {
        var tags = new TagList { { "name", name }, { "outcome", outcome } };
        _activities.Add(1, tags);
        _activityDuration.Record(duration.TotalSeconds, tags);
    }

    /// <param name="outcome">completed or failed.</param>
    public void OperationEnded(string entity, string operation, string outcome)
    {
        if (_operations.Enabled)
        {
            _operations.Add(1, new("name", entity), new("operation", operation), new KeyValuePair<string, object?>("outcome", outcome));
        }
    }

    private static string StatusOf(TurnCommit turn) => turn switch
    {
        { ContinueAs: not null } => "continued_as_new",
        { Status: OrchestrationStatus.Completed } => "completed",
        { Status: OrchestrationStatus.Terminated } => "terminated",
        _ => "failed",
    };
}
