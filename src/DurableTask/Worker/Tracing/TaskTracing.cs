using System.Diagnostics;
using System.Globalization;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Tracing;

/// <summary>
/// Spans with the contract's names and tags, on the source "Microsoft.DurableTask". Nothing is computed while nobody listens. A span of an
/// orchestrator is written when it is over, with the time at which it began: several workers may have taken part in it.
/// </summary>
internal static class TaskTracing
{
    private static readonly ActivitySource Source = new("Microsoft.DurableTask");

    /// <summary>True while somebody listens.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>What travels with an action of an orchestrator: the span of the call, or the starter's own while nobody listens.</summary>
    public static TraceParent? ContextOfAction(ExecutionStartedEvent start, int taskId)
    {
        if (!Source.HasListeners())
        {
            return start.ParentTraceContext;
        }

        ActivityContext trace = SpanIds.Trace(start);
        return new TraceParent(
            $"00-{trace.TraceId.ToHexString()}-{SpanIds.OfAction(start, taskId)}-{(int)trace.TraceFlags:x2}", trace.TraceState);
    }

    /// <summary>The execution of one activity.</summary>
    public static Activity? StartActivity(ActivityWorkItem item)
    {
        Activity? span = Start(
            SpanName("activity", item.Task.Name, item.Task.Version),
            ActivityKind.Server,
            SpanIds.Parse(item.Task.ParentTraceContext) ?? default);
        return Describe(span, "activity", item.Task.Name, item.Task.Version, item.Lock.InstanceId)?
            .SetTag("durabletask.task.task_id", item.Lock.TaskId);
    }

    /// <summary>An activity as its caller sees it: from the call to the outcome.</summary>
    public static void ActivityEnded(ExecutionStartedEvent start, TaskScheduledEvent scheduled, HistoryEvent outcome)
    {
        using Activity? span = StartAction(
            start, scheduled, SpanName("activity", scheduled.Name, scheduled.Version), ActivityKind.Client);
        Describe(span, "activity", scheduled.Name, scheduled.Version, start.OrchestrationInstance.InstanceId)?
            .SetTag("durabletask.task.task_id", scheduled.EventId);
        End(span, outcome.Timestamp, (outcome as TaskFailedEvent)?.FailureDetails);
    }

    /// <summary>A sub-orchestration as its caller sees it: from the call to the outcome.</summary>
    public static void SubOrchestrationEnded(
        ExecutionStartedEvent start, SubOrchestrationInstanceCreatedEvent created, HistoryEvent outcome)
    {
        using Activity? span = StartAction(
            start, created, SpanName("orchestration", created.Name, created.Version), ActivityKind.Client);
        Describe(span, "orchestration", created.Name, created.Version, start.OrchestrationInstance.InstanceId)?
            .SetTag("durabletask.task.task_id", created.EventId);
        End(span, outcome.Timestamp, (outcome as SubOrchestrationInstanceFailedEvent)?.FailureDetails);
    }

    /// <summary>A timer that fired.</summary>
    public static void TimerEnded(ExecutionStartedEvent start, TimerCreatedEvent created, DateTime now)
    {
        using Activity? span = StartAction(start, created, $"orchestration:{start.Name}:timer", ActivityKind.Internal);
        Describe(span, "timer", start.Name, version: null, start.OrchestrationInstance.InstanceId)?
            .SetTag("durabletask.task.task_id", created.EventId)
            .SetTag("durabletask.fire_at", created.FireAt.ToString("o", CultureInfo.InvariantCulture));
        End(span, now, failure: null);
    }

    /// <summary>An event that an orchestrator sent.</summary>
    public static void EventSent(ExecutionStartedEvent start, EventSentEvent sent)
    {
        using Activity? span = StartAction(start, sent, $"orchestration_event:{sent.Name}", ActivityKind.Producer);
        Describe(span, "event", sent.Name, version: null, start.OrchestrationInstance.InstanceId)?
            .SetTag("durabletask.task.execution_id", start.OrchestrationInstance.ExecutionId)
            .SetTag("durabletask.event.target_instance_id", sent.InstanceId);
    }

    /// <summary>A signal that an orchestrator sent to an entity.</summary>
    public static void EntitySignalled(ExecutionStartedEvent start, EventSentEvent sent, EntityMessage request)
    {
        using Activity? span = StartAction(start, sent, "signal_entity", ActivityKind.Producer);
        DescribeEntity(span, start, sent, request.Operation);
    }

    /// <summary>A call or a lock of entities, from the request to the answer.</summary>
    public static void EntityAnswered(ExecutionStartedEvent start, EventSentEvent sent, EntityMessage request, EventRaisedEvent answer)
    {
        using Activity? span = StartAction(start, sent, "call_entity", ActivityKind.Client);
        DescribeEntity(span, start, sent, request.Operation ?? "lock");
        End(span, answer.Timestamp, EntityResponse.Deserialize(answer.Input!).Failure);
    }

    private static void DescribeEntity(Activity? span, ExecutionStartedEvent start, EventSentEvent sent, string? operation) =>
        Describe(span, "entity", operation, version: null, start.OrchestrationInstance.InstanceId)?
            .SetTag("durabletask.task.execution_id", start.OrchestrationInstance.ExecutionId)
            .SetTag("durabletask.event.target_instance_id", sent.InstanceId);

    /// <summary>The whole life of one execution, from its first turn to its last.</summary>
    public static void OrchestrationEnded(
        ExecutionStartedEvent start, DateTime began, DateTime ended, OrchestrationStatus status, FailureDetails? failure)
    {
        ActivityContext? starter = SpanIds.Parse(start.ParentTraceContext);
        using Activity? span = Start(
            SpanName("orchestration", start.Name, start.Version), ActivityKind.Server, starter ?? default, Utc(began));
        if (span is null)
        {
            return;
        }

        string? ownTrace = starter is null ? SpanIds.Trace(start).TraceId.ToHexString() : null;
        SpanIds.Assign(span, SpanIds.OfOrchestration(start), ownTrace);
        Describe(span, "orchestration", start.Name, start.Version, start.OrchestrationInstance.InstanceId)?
            .SetTag("durabletask.task.execution_id", start.OrchestrationInstance.ExecutionId)
            .SetTag("durabletask.task.status", status.ToString());
        End(span, ended, failure);
    }

    private static Activity? StartAction(ExecutionStartedEvent start, HistoryEvent action, string name, ActivityKind kind)
    {
        ActivityContext trace = SpanIds.Trace(start);
        var parent = new ActivityContext(
            trace.TraceId, ActivitySpanId.CreateFromString(SpanIds.OfOrchestration(start)), trace.TraceFlags, trace.TraceState);
        Activity? span = Start(name, kind, parent, Utc(action.Timestamp));
        if (span is not null)
        {
            SpanIds.Assign(span, SpanIds.OfAction(start, action.EventId), traceId: null);
        }

        return span;
    }

    private static Activity? Start(string name, ActivityKind kind, ActivityContext parent, DateTimeOffset began = default)
    {
        if (parent == default)
        {
            // Without a parent, .NET would take whatever span surrounds this code: that of whoever started the worker, for example.
            Activity.Current = null;
        }

        return Source.StartActivity(name, kind, parent, startTime: began);
    }

    private static Activity? Describe(Activity? span, string type, string? name, string? version, string instanceId)
    {
        span?.SetTag("durabletask.type", type)
            .SetTag("durabletask.task.name", name)
            .SetTag("durabletask.task.instance_id", instanceId);
        return string.IsNullOrEmpty(version) ? span : span?.SetTag("durabletask.task.version", version);
    }

    private static void End(Activity? span, DateTime at, FailureDetails? failure)
    {
        if (span is not null && at > span.StartTimeUtc)
        {
            span.SetEndTime(Utc(at).UtcDateTime);
        }

        if (failure is not null)
        {
            span?.SetStatus(ActivityStatusCode.Error, failure.ErrorMessage);
        }
    }

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    private static string SpanName(string kind, string? name, string? version) =>
        string.IsNullOrEmpty(version) ? $"{kind}:{name}" : $"{kind}:{name}@({version})";
}
