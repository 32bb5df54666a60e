using System.Text.Json;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;

namespace Heal.DurableTask.Simulation.Tests.Programs;

/// <summary>The activities of generated programs. What they do is a pure function of their input and of what is stored.</summary>
/// <param name="stored">The hub without faults: a test may look.</param>
internal sealed class Activities(Scenario scenario, ITaskHub stored)
{
    private readonly HashSet<Job> _repaired = [];
    private readonly HashSet<Job> _broken = [];

    /// <summary>How often each was run: the side effects.</summary>
    public Dictionary<(string InstanceId, Job Job), int> Runs { get; } = [];

    public static long Result(Job job) => Sums.Next(job.Node, job.Round);

    /// <summary>From now on, what of a program has failed for want of a repair succeeds.</summary>
    public void Repair(Recipe program)
    {
        foreach (var node in program.AllNodes)
        {
            _repaired.UnionWith(_broken.Where(job => job.Node == node.Id));
            if (node is Child { Caught: false } child)
            {
                Repair(child.Program);
            }
        }
    }

    /// <summary>True when the program, or a sub-orchestration of it, needs a repair yet.</summary>
    public bool FailsBeforeItsEnd(Recipe program) => program.AllNodes.Any(node => node switch
    {
        Fragile => Enumerable.Range(0, program.Rounds).Any(round => !_repaired.Contains(new Job(node.Id, round))),
        Child { Caught: false } child => FailsBeforeItsEnd(child.Program),
        _ => false,
    });

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
        tasks.AddActivityFunc<Job, long>(Interpreter.FragileName, (context, job) =>
        {
            Count(context, job);
            if (_repaired.Contains(job))
            {
                return Result(job);
            }

            _broken.Add(job);
            throw new ProgramException("in need of a repair");
        });
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
