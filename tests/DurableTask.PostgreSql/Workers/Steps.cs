using Microsoft.DurableTask;

namespace Heal.DurableTask.PostgreSql.Tests.Workers;

/// <summary>
/// The work that the tests give to workers: <c>Steps</c> calls the activity <c>Step</c> as often as its input says, one after the other;
/// the output is who did each. In a worker that holds, the third step waits until the test lets it go on. <c>Listener</c> puts out so many
/// notes as its input says, <c>Sleeper</c> sleeps as long.
/// </summary>
internal static class Steps
{
    public const string Orchestrator = "Steps";
    public const string Listener = "Listener";
    public const string Note = "Note";
    public const string Sleeper = "Sleeper";
    public const int HeldStep = 3;
    private const string Activity = "Step";

    /// <param name="hold">Called at the third step.</param>
    public static void AddTo(DurableTaskRegistry tasks, string worker, Func<string, Task> hold)
    {
        tasks.AddOrchestratorFunc<int, string[]>(Orchestrator, RunAsync);
        tasks.AddOrchestratorFunc<int, string[]>(Listener, ListenAsync);
        tasks.AddOrchestratorFunc<TimeSpan, string[]>(Sleeper, SleepAsync);
        tasks.AddActivityFunc<int, string>(Activity, async (context, step) =>
        {
            if (step == HeldStep)
            {
                await hold(context.InstanceId);
            }

            return worker;
        });
    }

    private static async Task<string[]> RunAsync(TaskOrchestrationContext context, int steps)
    {
        var workers = new string[steps];
        for (var step = 1; step <= steps; step++)
        {
            workers[step - 1] = await context.CallActivityAsync<string>(Activity, step);
        }

        return workers;
    }

    private static async Task<string[]> ListenAsync(TaskOrchestrationContext context, int notes)
    {
        var heard = new string[notes];
        for (var i = 0; i < notes; i++)
        {
            heard[i] = await context.WaitForExternalEvent<string>(Note);
        }

        return heard;
    }

    private static async Task<string[]> SleepAsync(TaskOrchestrationContext context, TimeSpan time)
    {
        await context.CreateTimer(time, CancellationToken.None);
        return ["awake"];
    }
}
