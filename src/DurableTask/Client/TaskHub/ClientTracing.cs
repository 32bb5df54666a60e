using System.Diagnostics;
using System.Globalization;
using DurableTask.Core;
using DurableTask.Core.History;
using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask.Client;

/// <summary>The client's spans. They cost nothing while nobody listens to the source.</summary>
internal static class ClientTracing
{
    /// <summary>The source of all spans of the engine.</summary>
    public const string SourceName = "Microsoft.DurableTask";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>The span of a start. The instance's own spans become its children.</summary>
    public static Activity? StartCreation(ExecutionStartedEvent start)
    {
        var suffix = string.IsNullOrEmpty(start.Version) ? "" : $"@({start.Version})";
        var activity = Source.StartActivity($"create_orchestration:{start.Name}{suffix}", ActivityKind.Producer);
        activity?.SetTag("durabletask.type", "orchestration");
        activity?.SetTag("durabletask.task.name", start.Name);
        activity?.SetTag("durabletask.task.instance_id", start.OrchestrationInstance.InstanceId);
        activity?.SetTag("durabletask.task.execution_id", start.OrchestrationInstance.ExecutionId);
        if (!string.IsNullOrEmpty(start.Version))
        {
            activity?.SetTag("durabletask.task.version", start.Version);
        }

        return activity;
    }

    /// <summary>The span of an external event.</summary>
    public static Activity? StartEvent(string instanceId, string eventName)
    {
        var activity = Source.StartActivity($"orchestration_event:{eventName}", ActivityKind.Producer);
        activity?.SetTag("durabletask.type", "event");
        activity?.SetTag("durabletask.task.name", eventName);
        activity?.SetTag("durabletask.event.target_instance_id", instanceId);
        return activity;
    }

    /// <summary>The span of a signal to an entity.</summary>
    public static Activity? StartSignal(EntityInstanceId entity, string operation, DateTimeOffset? signalTime)
    {
        var activity = Source.StartActivity($"entity:{entity.Name}:{operation}", ActivityKind.Producer);
        activity?.SetTag("durabletask.type", "entity");
        activity?.SetTag("durabletask.task.operation", "signal_entity");
        activity?.SetTag("durabletask.event.target_instance_id", entity.ToString());
        if (signalTime is { } time)
        {
            activity?.SetTag("durabletask.task.scheduled_time", time.UtcDateTime.ToString("o", CultureInfo.InvariantCulture));
        }

        return activity;
    }

    /// <summary>What travels with the message: the span, or the caller's own where this source is not listened to.</summary>
    public static TraceParent? ContextOf(Activity? activity) =>
        (activity ?? Activity.Current) is { IdFormat: ActivityIdFormat.W3C, Id: { } id } current
            ? new TraceParent(id, current.TraceStateString)
            : null;

    public static void Fail(Activity? activity, Exception exception) => activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
}
