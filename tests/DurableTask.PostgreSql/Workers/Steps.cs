using Microsoft.DurableTask;

namespace Heal.DurableTask.PostgreSql.Tests.Workers;

/// <summary>
/// The work that the tests give to workers: <c>Steps</c> calls the activity <c>Step</c> as often as its input says, one after the other;
/// the output is who did each. In a worker that holds, the third step waits until the test lets it go on.
/// </summary>
internal static class Steps
{
    public const string Orchestrator = "Steps";
    public const int HeldStep = 3;
    private const string Activity = "Step";

    /// <param name="hold">Called at the third step.</param>
    public static void AddTo(DurableTaskRegistry tasks, string worker, Func<string, Task> hold)
    {
        tasks.AddOrchestratorFunc<int, string[]>(Orchestrator, RunAsync);
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
}
