using System.Diagnostics;
using System.Diagnostics.Metrics;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// What this worker has begun and ended, in the meter <c>Microsoft.DurableTask</c>: counted when it is stored, so that a turn which is
/// played again counts once. Costs nothing while nobody listens, and throws nothing, whatever listeners do: what is measured has happened.
/// Names and units: docs/durable-task/metrics.md.
/// </summary>
internal sealed partial class TaskMetrics
{
    public const string MeterName = "Microsoft.DurableTask";

    private readonly Counter<long> _started;
    private readonly Counter<long> _ended;
    private readonly Histogram<double> _lifetime;
    private readonly Counter<long> _activities;
    private readonly Histogram<double> _activityDuration;
    private readonly Counter<long> _operations;

    private readonly ILogger _logger;
    private int _isTold;

    /// <param name="meters">The host's; null without one.</param>
    /// <param name="logger">Hears of the first listener that throws.</param>
    public TaskMetrics(IMeterFactory? meters, ILogger logger)
    {
        _logger = logger;
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
            Add(_started, new TagList { { "name", name } });
        }

        if ((turn.ContinueAs is not null || turn.Status.IsTerminal()) && (_ended.Enabled || _lifetime.Enabled))
        {
            var tags = new TagList { { "name", name }, { "status", StatusOf(turn) } };
            Add(_ended, tags);
            if (start is not null)
            {
                DateTime begun = start.ScheduledStartTime is { } later && later > start.Timestamp ? later : start.Timestamp;
                Record(_lifetime, Math.Max(0, (now - begun).TotalSeconds), tags);
            }
        }
    }

    public bool MeasuresActivities => _activities.Enabled || _activityDuration.Enabled;

    /// <param name="outcome">completed, failed, or interrupted: nothing is recorded, and it runs again.</param>
    public void ActivityEnded(string name, string outcome, TimeSpan duration)
    {
        var tags = new TagList { { "name", name }, { "outcome", outcome } };
        Add(_activities, tags);
        Record(_activityDuration, duration.TotalSeconds, tags);
    }

    /// <param name="outcome">completed or failed.</param>
    public void OperationEnded(string entity, string operation, string outcome)
    {
        if (_operations.Enabled)
        {
            Add(_operations, new TagList { { "name", entity }, { "operation", operation }, { "outcome", outcome } });
        }
    }

    private void Add(Counter<long> counter, in TagList tags)
    {
        try
        {
            counter.Add(1, tags);
        }
        catch (Exception own)
        {
            Tell(own);
        }
    }

    private void Record(Histogram<double> histogram, double value, in TagList tags)
    {
        try
        {
            histogram.Record(value, tags);
        }
        catch (Exception own)
        {
            Tell(own);
        }
    }

    private void Tell(Exception own)
    {
        if (Interlocked.Exchange(ref _isTold, 1) == 0)
        {
            Log.NotMeasured(_logger, own);
        }
    }

    private static string StatusOf(TurnCommit turn) => turn switch
    {
        { ContinueAs: not null } => "continued_as_new",
        { Status: OrchestrationStatus.Completed } => "completed",
        { Status: OrchestrationStatus.Terminated } => "terminated",
        _ => "failed",
    };

    private static partial class Log
    {
        [LoggerMessage(EventId = 659, Level = LogLevel.Warning,
            Message = "A listener to the meter 'Microsoft.DurableTask' throws: measurements are missing. This is said once.")]
        public static partial void NotMeasured(ILogger logger, Exception exception);
    }
}
