using System.Globalization;
using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>
/// Starts the instance of one occurrence, once: run again, it finds the instance that it has started. At an id that the schedule fixes, a
/// predecessor that still runs is left alone, and the occurrence left out.
/// </summary>
/// <param name="version">The version of what is started: as for every start that names none, the worker's default.</param>
internal sealed class ScheduledStart(ITaskHub hub, DataConverter converter, string version, TimeProvider time)
    : TaskActivity<string, string>
{
    public const string Name = "Microsoft.DurableTask.ScheduledTasks.Start";
    public const string ScheduleTag = "durabletask.schedule.id";
    public const string OccurrenceTag = "durabletask.schedule.occurrence";

    private static readonly IReadOnlyCollection<OrchestrationStatus> Ended =
        [OrchestrationStatus.Completed, OrchestrationStatus.Failed, OrchestrationStatus.Canceled, OrchestrationStatus.Terminated];

    public override async Task<string> RunAsync(TaskActivityContext context, string? input)
    {
        ScheduleState state = ScheduleState.Parse(input!);
        DateTime due = state.NextRunAt!.Value.UtcDateTime;
        string occurrence = due.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        string? fixedId = state.Config.OrchestrationInstanceId;
        string id = fixedId ?? $"{state.ScheduleId}-{occurrence}";
        if (fixedId is not null && await IsStartedAsync(fixedId, occurrence))
        {
            return id;
        }

        var start = new ExecutionStartedEvent(-1, converter.Serialize(state.Config.OrchestrationInput))
        {
            Timestamp = time.GetUtcNow().UtcDateTime,
            Name = state.Config.OrchestrationName,
            Version = version,
            OrchestrationInstance = new OrchestrationInstance { InstanceId = id, ExecutionId = Guid.NewGuid().ToString("N") },
            Tags = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                [ScheduleTag] = state.ScheduleId,
                [OccurrenceTag] = occurrence,
            },
        };
        try
        {
            await hub.CreateInstanceAsync(new NewInstance(start), fixedId is null ? [] : Ended);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            // Started before, by an earlier run of this activity; or the predecessor still runs.
        }

        return id;
    }

    private async Task<bool> IsStartedAsync(string id, string occurrence) =>
        await hub.GetInstanceAsync(id, withPayloads: false) is { } instance
        && instance.Tags.TryGetValue(OccurrenceTag, out string? started)
        && started == occurrence;
}
