using System.Diagnostics;
using System.Globalization;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Entities;

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
        using Span span = StartAction(
            start, scheduled, SpanName("activity", scheduled.Name, scheduled.Version), ActivityKind.Client);
        Describe(span, "activity", scheduled.Name, scheduled.Version, start.OrchestrationInstance.InstanceId)?
            .SetTag("durabletask.task.task_id", scheduled.EventId);
        End(span, outcome.Timestamp, (outcome as TaskFailedEvent)?.FailureDetails);
    }

    /// <summary>A sub-orchestration as its caller sees it: from the call to the outcome.</summary>
    public static void SubOrchestrationEnded(
        ExecutionStartedEvent start, SubOrchestrationInstanceCreatedEvent created, HistoryEvent outcome)
    {
        using Span span = StartAction(
            start, created, SpanName("orchestration", created.Name, created.Version), ActivityKind.Client);
        Describe(span, "orchestration", created.Name, created.Version, start.OrchestrationInstance.InstanceId)?
            .SetTag("durabletask.task.task_id", created.EventId);
        End(span, outcome.Timestamp, (outcome as SubOrchestrationInstanceFailedEvent)?.FailureDetails);
    }

    /// <summary>A timer that fired.</summary>
    public static void TimerEnded(ExecutionStartedEvent start, TimerCreatedEvent created, DateTime now)
    {
        using Span span = StartAction(start, created, $"orchestration:{start.Name}:timer", ActivityKind.Internal);
        Describe(span, "timer", start.Name, version: null, start.OrchestrationInstance.InstanceId)?
            .SetTag("durabletask.task.task_id", created.EventId)
            .SetTag("durabletask.fire_at", created.FireAt.ToString("o", CultureInfo.InvariantCulture));
        End(span, now, failure: null);
    }

    /// <summary>An event that an orchestrator sent.</summary>
    public static void EventSent(ExecutionStartedEvent start, EventSentEvent sent)
    {
        using Span span = StartAction(start, sent, $"orchestration_event:{sent.Name}", ActivityKind.Producer);
        Describe(span, "event", sent.Name, version: null, start.OrchestrationInstance.InstanceId)?
            .SetTag("durabletask.task.execution_id", start.OrchestrationInstance.ExecutionId)
            .SetTag("durabletask.event.target_instance_id", sent.InstanceId);
    }

    /// <summary>A signal that an orchestrator sent to an entity.</summary>
    public static void EntitySignalled(ExecutionStartedEvent start, EventSentEvent sent, EntityMessage request)
    {
        using Span span = StartAction(start, sent, EntitySpanName(sent.InstanceId!, request), ActivityKind.Producer);
        DescribeRequest(span, start.OrchestrationInstance.InstanceId, sent.InstanceId!, request)?
            .SetTag("durabletask.task.execution_id", start.OrchestrationInstance.ExecutionId);
    }

    /// <summary>A call or a lock of entities, from the request to the answer.</summary>
    public static void EntityAnswered(ExecutionStartedEvent start, EventSentEvent sent, EntityMessage request, EventRaisedEvent answer)
    {
        using Span span = StartAction(start, sent, EntitySpanName(sent.InstanceId!, request), ActivityKind.Client);
        DescribeRequest(span, start.OrchestrationInstance.InstanceId, sent.InstanceId!, request)?
            .SetTag("durabletask.task.execution_id", start.OrchestrationInstance.ExecutionId);
        End(span, answer.Timestamp, EntityResponse.Deserialize(answer.Input!).Failure);
    }

    /// <summary>The execution of one operation of an entity.</summary>
    public static Activity? StartOperation(string entityId, EntityMessage message)
    {
        Activity? span = Start(
            EntitySpanName(entityId, message),
            message.IsSignal ? ActivityKind.Consumer : ActivityKind.Server,
            SpanIds.Parse(message.Trace) ?? default);
        return DescribeOperation(span, entityId, message);
    }

    /// <summary>The operation has failed.</summary>
    public static void OperationFailed(Activity? span, FailureDetails failure) =>
        span?.SetStatus(ActivityStatusCode.Error, failure.ErrorMessage).SetTag("durabletask.entity.error_message", failure.ErrorMessage);

    /// <summary>A signal that an operation of an entity sent, within the operation.</summary>
    /// <returns>What travels with it.</returns>
    public static TraceParent? SignalSent(string entityId, OutgoingEntityMessage sent)
    {
        using Span span = StartWithin(sent.Message.Trace, EntitySpanName(sent.EntityId, sent.Message));
        DescribeRequest(span, entityId, sent.EntityId, sent.Message);
        return ContextOf(span) ?? sent.Message.Trace;
    }

    /// <summary>An orchestration that an operation of an entity started, within the operation.</summary>
    /// <returns>What travels with it.</returns>
    public static TraceParent? OrchestrationStarted(string entityId, ExecutionStartedEvent start)
    {
        using Span span = StartWithin(start.ParentTraceContext, $"{NameOf(entityId)}:create_orchestration");
        span.Activity?.SetTag("durabletask.type", "entity")
            .SetTag("durabletask.task.instance_id", entityId)
            .SetTag("durabletask.event.target_instance_id", start.OrchestrationInstance.InstanceId);
        SetScheduledTime(span, start.ScheduledStartTime);
        return ContextOf(span) ?? start.ParentTraceContext;
    }

    /// <summary>What travels with what is sent within a span.</summary>
    public static TraceParent? ContextOf(Activity? span) => span is { Id: { } id } ? new TraceParent(id, span.TraceStateString) : null;

    private static Activity? StartWithin(TraceParent? parent, string name) =>
        SpanIds.Parse(parent) is { } context ? Start(name, ActivityKind.Producer, context) : null;

    private static Activity? DescribeRequest(Activity? span, string sender, string target, EntityMessage request)
    {
        DescribeOperation(span, sender, request)?.SetTag("durabletask.event.target_instance_id", target);
        SetScheduledTime(span, request.DueAt);
        return span;
    }

    private static Activity? DescribeOperation(Activity? span, string instanceId, EntityMessage message) => span?
        .SetTag("durabletask.type", "entity")
        .SetTag("durabletask.task.operation", message.IsSignal ? "signal_entity" : "call_entity")
        .SetTag("durabletask.task.instance_id", instanceId);

    private static void SetScheduledTime(Activity? span, DateTime? time)
    {
        if (time is { } scheduled)
        {
            span?.SetTag("durabletask.task.scheduled_time", scheduled.ToString("o", CultureInfo.InvariantCulture));
        }
    }

    private static string EntitySpanName(string entityId, EntityMessage message) =>
        $"entity:{NameOf(entityId)}:{message.Operation ?? "lock"}";

    private static string NameOf(string entityId) => EntityInstanceId.FromString(entityId).Name;

    /// <summary>The whole life of one execution, from its first turn to its last.</summary>
    public static void OrchestrationEnded(
        ExecutionStartedEvent start, DateTime began, DateTime ended, OrchestrationStatus status, FailureDetails? failure)
    {
        ActivityContext? starter = SpanIds.Parse(start.ParentTraceContext);
        using Span span = Start(
            SpanName("orchestration", start.Name, start.Version), ActivityKind.Server, starter ?? default, Utc(began));
        if (span.Activity is not { } whole)
        {
            return;
        }

        string? ownTrace = starter is null ? SpanIds.Trace(start).TraceId.ToHexString() : null;
        SpanIds.Assign(whole, SpanIds.OfOrchestration(start), ownTrace);
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

        try
        {
            return Source.StartActivity(name, kind, parent, startTime: began);
        }
        catch (Exception)
        {
            // The listener's own fault: it misses a span.
            return null;
        }
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
