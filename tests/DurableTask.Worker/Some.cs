using DurableTask.Core;
using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Converters;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.DurableTask.Worker.Tests;

/// <summary>Values that a test needs, but does not care about.</summary>
internal static class Some
{
    public static readonly DateTime Time = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    public static OrchestrationServices Services { get; } = new(
        JsonDataConverter.Default,
        NullLoggerFactory.Instance,
        TimeProvider.System,
        MaximumTimerInterval: TimeSpan.FromDays(3),
        DefaultVersion: "",
        ExceptionProperties: null)
    {
        EntitiesEnabled = true,
    };

    public static TaskFailureDetails Failure(string type = "Some.Exception") => new(type, "it broke", null, null, null);

    public static ExecutionStartedEvent Start(string? input = null) => new(-1, input)
    {
        Name = "Order",
        Version = "1.2",
        Timestamp = Time,
        Tags = new Dictionary<string, string> { ["team"] = "shop" },
        OrchestrationInstance = new() { InstanceId = "order-1", ExecutionId = "e1" },
    };

    public static ParentInstance Parent() => new()
    {
        Name = "Day",
        TaskScheduleId = 7,
        OrchestrationInstance = new() { InstanceId = "day-1", ExecutionId = "d1" },
    };
}
