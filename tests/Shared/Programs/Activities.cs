using System.Text.Json;
using DurableTask.Core.History;
using Microsoft.DurableTask;

namespace Heal.Shared.Tests.Programs;

/// <summary>The activities of generated programs. What they do is a pure function of their input and of what is stored.</summary>
/// <param name="ran">Told whenever one runs: the side effect.</param>
/// <param name="historyOf">An instance's stored history, whatever goes wrong elsewhere; null without one.</param>
/// <param name="isRepaired">Whether what an activity needs is repaired; without it, nothing is broken.</param>
internal sealed class Activities(
    Scenario scenario,
    Func<string, Job, Task> ran,
    Func<string, Task<IReadOnlyList<HistoryEvent>?>> historyOf,
    TimeProvider time,
    Func<Job, bool>? isRepaired = null)
{
    public void Register(DurableTaskRegistry tasks)
    {
        tasks.AddActivityFunc<Job, long>(scenario.WorkName, async (context, job) =>
        {
            await ran(context.InstanceId, job);
            var lasts = scenario.Durations[job.Node];
            if (lasts > TimeSpan.Zero)
            {
                await Task.Delay(lasts, time);
            }

            return Model.Result(job);
        });
        tasks.AddActivityFunc<Job, long>(scenario.BrokenName, async (context, job) =>
        {
            await ran(context.InstanceId, job);
            throw new ProgramException("broken");
        });
        tasks.AddActivityFunc<Job, long>(scenario.FragileName, async (context, job) =>
        {
            await ran(context.InstanceId, job);
            return isRepaired?.Invoke(job) != false ? Model.Result(job) : throw new ProgramException("in need of a repair");
        });
        tasks.AddActivityFunc<Job, long>(scenario.FlakyName, async (context, job) =>
        {
            await ran(context.InstanceId, job);
            return await AttemptAsync(context.InstanceId, job) > scenario.Failures[job.Node]
                ? Model.Result(job)
                : throw new ProgramException("not yet");
        });
    }

    /// <summary>Which attempt this is, by the stored history: running one attempt twice does not make it two.</summary>
    private async Task<int> AttemptAsync(string instanceId, Job job)
    {
        string input = JsonSerializer.Serialize(job);
        var history = await historyOf(instanceId) ?? [];
        return history.OfType<TaskScheduledEvent>().Count(scheduled => scheduled.Input == input);
    }
}
