using Microsoft.DurableTask.Client;

namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>Works on schedules through the client of the hub that they are orchestrations of.</summary>
internal sealed class OrchestratedScheduledTaskClient(DurableTaskClient client) : ScheduledTaskClient
{
    private const int MaximumIdLength = 64;

    public override async Task<ScheduleClient> CreateScheduleAsync(
        ScheduleCreationOptions creationOptions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(creationOptions);
        string scheduleId = creationOptions.ScheduleId;
        if (scheduleId.Length > MaximumIdLength)
        {
            throw new ScheduleClientValidationException(
                scheduleId, $"expected an id of at most {MaximumIdLength} characters, got {scheduleId.Length}.");
        }

        var schedule = new OrchestratedScheduleClient(client, scheduleId);
        await schedule.CreateAsync(ScheduleConfig.From(creationOptions), cancellation);
        return schedule;
    }

    public override async Task<ScheduleDescription?> GetScheduleAsync(string scheduleId, CancellationToken cancellation = default) =>
        await new OrchestratedScheduleClient(client, scheduleId).TryDescribeAsync(cancellation);

    public override ScheduleClient GetScheduleClient(string scheduleId) => new OrchestratedScheduleClient(client, scheduleId);

    public override AsyncPageable<ScheduleDescription> ListSchedulesAsync(ScheduleQuery? filter = null)
    {
        filter ??= new ScheduleQuery();
        var query = new OrchestrationQuery(
            filter.CreatedFrom,
            filter.CreatedTo,
            InstanceIdPrefix: OrchestratedScheduleClient.Prefix + filter.ScheduleIdPrefix,
            PageSize: filter.PageSize ?? ScheduleQuery.DefaultPageSize,
            FetchInputsAndOutputs: true,
            ContinuationToken: filter.ContinuationToken);
        return Pageable.Create(async (token, pageSize, cancellation) =>
        {
            await foreach (Page<OrchestrationMetadata> page in
                client.GetAllInstancesAsync(query).AsPages(token, pageSize).WithCancellation(cancellation))
            {
                return new Page<ScheduleDescription>(
                    [.. page.Values.Select(OrchestratedScheduleClient.Describe)
                        .Where(schedule => filter.Status is null || schedule.Status == filter.Status)],
                    page.ContinuationToken);
            }

            return new Page<ScheduleDescription>([]);
        });
    }
}

internal sealed class OrchestratedScheduleClient(DurableTaskClient client, string scheduleId) : ScheduleClient(scheduleId)
{
    public const string Prefix = "schedule:";

    private string InstanceId => Prefix + ScheduleId;

    public static ScheduleDescription Describe(OrchestrationMetadata instance) =>
        ScheduleState.Parse(instance.ReadCustomStatusAs<string>() ?? instance.ReadInputAs<string>()!).Describe();

    public async Task CreateAsync(ScheduleConfig config, CancellationToken cancellation)
    {
        var state = new ScheduleState(ScheduleId, config, ScheduleStatus.Uninitialized, Guid.NewGuid().ToString("N"));
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(
                ScheduleOrchestrator.Name,
                state.ToString(),
                new StartOrchestrationOptions(InstanceId),
                cancellation);
            await client.WaitForInstanceStartAsync(InstanceId, cancellation: cancellation);
        }
        catch (global::DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException)
        {
            await CommandAsync(new ScheduleCommand(ScheduleCommandKind.Replace, null, config), cancellation);
        }
    }

    public async Task<ScheduleDescription?> TryDescribeAsync(CancellationToken cancellation) =>
        await client.GetInstanceAsync(InstanceId, getInputsAndOutputs: true, cancellation) is { } instance ? Describe(instance) : null;

    public override async Task<ScheduleDescription> DescribeAsync(CancellationToken cancellation = default) =>
        await TryDescribeAsync(cancellation) ?? throw new ScheduleNotFoundException(ScheduleId);

    public override async Task DeleteAsync(CancellationToken cancellation = default)
    {
        if (await client.GetInstanceAsync(InstanceId, cancellation) is null)
        {
            throw new ScheduleNotFoundException(ScheduleId);
        }

        await client.TerminateInstanceAsync(InstanceId, cancellation: cancellation);
        await client.WaitForInstanceCompletionAsync(InstanceId, cancellation);
        await client.PurgeInstanceAsync(InstanceId, cancellation);
    }

    public override Task PauseAsync(CancellationToken cancellation = default) =>
        CommandAsync(new ScheduleCommand(ScheduleCommandKind.Pause, null, null), cancellation);

    public override Task ResumeAsync(CancellationToken cancellation = default) =>
        CommandAsync(new ScheduleCommand(ScheduleCommandKind.Resume, null, null), cancellation);

    public override Task UpdateAsync(ScheduleUpdateOptions updateOptions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(updateOptions);
        if (updateOptions.Cron is { } cron)
        {
            ScheduleTimes.Check(cron);
        }

        if (updateOptions.Interval is { } interval)
        {
            ScheduleTimes.Check(interval);
        }

        return CommandAsync(new ScheduleCommand(ScheduleCommandKind.Update, updateOptions, null), cancellation);
    }

    private async Task CommandAsync(ScheduleCommand command, CancellationToken cancellation)
    {
        if (await client.GetInstanceAsync(InstanceId, cancellation) is not { IsCompleted: false })
        {
            throw new ScheduleNotFoundException(ScheduleId);
        }

        string id = await client.ScheduleNewOrchestrationInstanceAsync(
            ScheduleCommandOrchestrator.Name, (command with { ReplyTo = InstanceId }).ToString(), cancellation);
        OrchestrationMetadata done = await client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, cancellation);
        await client.PurgeInstanceAsync(id, cancellation);
        if (done.RuntimeStatus != OrchestrationRuntimeStatus.Completed)
        {
            throw new TimeoutException($"Schedule '{ScheduleId}' did not answer: {done.FailureDetails?.ErrorMessage}");
        }

        if (done.ReadOutputAs<string>() is { Length: > 0 } refusal)
        {
            throw new ScheduleInvalidTransitionException(ScheduleId, refusal);
        }
    }
}
