using System.Text.Json;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;

namespace Heal.DurableTask.Simulation.Tests.Programs;

/// <summary>The activities of generated programs. What they do is a pure function of their input and of what is stored.</summary>
/// <param name="stored">The hub without faults: a test may look.</param>
internal sealed class Activities(Scenario scenario, ITaskHub stored)
{
    /// <summary>How often each was run: the side effects.</summary>
    public Dictionary<(string InstanceId, Job Job), int> Runs { get; } = [];

    public static long Result(Job job) => Sums.Next(job.Node, job.Round);

    public void Register(DurableTaskRegistry tasks, TimeProvider time)
    {
        tasks.AddActivityFunc<Job, long>(Interpreter.WorkName, async (context, job) =>
        {
            Count(context, job);
            var lasts = scenario.Durations[job.Node];
            if (lasts > TimeSpan.Zero)
            {
                await Task.Delay(lasts, time);
            }

            return Result(job);
        });
        tasks.AddActivityFunc(Interpreter.BrokenName, new Action<TaskActivityContext, Job>((context, job) =>
        {
            Count(context, job);
            throw new ProgramException("broken");
        }));
        tasks.AddActivityFunc<Job, long>(Interpreter.FlakyName, async (context, job) =>
        {
            Count(context, job);
            return await AttemptAsync(context.InstanceId, job) > scenario.Failures[job.Node]
                ? Result(job)
                : throw new ProgramException("not yet");
        });
    }

    private void Count(TaskActivityContext context, Job job)
    {
        var key = (context.InstanceId, job);
        Runs[key] = Runs.GetValueOrDefault(key) + 1;
    }

    /// <summary>Which attempt this is, by the stored history: running one attempt twice does not make it two.</summary>
    private async Task<int> AttemptAsync(string instanceId, Job job)
    {
        string input = JsonSerializer.Serialize(job);
        var history = await stored.GetHistoryAsync(instanceId) ?? [];
        return history.OfType<TaskScheduledEvent>().Count(scheduled => scheduled.Input == input);
    }
}
