using System.Diagnostics;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Dispatch;

namespace Microsoft.DurableTask.Worker;

/// <summary>Spans with the contract's names and tags, on the source "Microsoft.DurableTask".</summary>
internal static class TaskTracing
{
    private static readonly ActivitySource Source = new("Microsoft.DurableTask");

    /// <summary>The execution of one activity.</summary>
    public static Activity? StartActivity(ActivityWorkItem item)
    {
        Activity? span = Source.StartActivity(
            SpanName("activity", item.Task.Name, item.Task.Version), ActivityKind.Server, Parent(item.Task.ParentTraceContext));
        span?.SetTag("durabletask.type", "activity");
        span?.SetTag("durabletask.task.name", item.Task.Name);
        span?.SetTag("durabletask.task.instance_id", item.Lock.InstanceId);
        span?.SetTag("durabletask.task.task_id", item.Lock.TaskId);
        return span;
    }

    /// <summary>The whole life of one execution, from its first turn to its last.</summary>
    public static void OrchestrationEnded(CachedInstance instance, ExecutionStartedEvent? start, TurnCommit turn, DateTimeOffset now)
    {
        if (start is null)
        {
            return;
        }

        using Activity? span = Source.StartActivity(
            SpanName("orchestration", start.Name, start.Version),
            ActivityKind.Server,
            Parent(start.ParentTraceContext),
            startTime: new DateTimeOffset(start.Timestamp, TimeSpan.Zero));
        span?.SetTag("durabletask.type", "orchestration");
        span?.SetTag("durabletask.task.name", start.Name);
        span?.SetTag("durabletask.task.instance_id", instance.InstanceId);
        span?.SetTag("durabletask.task.execution_id", instance.ExecutionId);
        span?.SetTag("durabletask.task.status", turn.Status.ToString());
        if (turn.Failure is { } failure)
        {
            span?.SetStatus(ActivityStatusCode.Error, failure.ErrorMessage);
        }

        span?.SetEndTime(now.UtcDateTime);
    }

    private static string SpanName(string kind, string? name, string? version) =>
        string.IsNullOrEmpty(version) ? $"{kind}:{name}" : $"{kind}:{name}@({version})";

    private static ActivityContext Parent(TraceParent? parent) =>
        parent is not null && ActivityContext.TryParse(parent.Value, parent.State, isRemote: true, out ActivityContext context)
            ? context
            : default;
}
