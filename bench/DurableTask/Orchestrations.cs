using Microsoft.DurableTask;

namespace Heal.Bench.DurableTask;

/// <summary>What the benchmarks run.</summary>
internal static class Orchestrations
{
    public const string Sequence = nameof(Sequence);
    public const string FanOut = nameof(FanOut);
    public const string WaitForGo = nameof(WaitForGo);
    public const string Sleep = nameof(Sleep);
    public const string Go = nameof(Go);
    public const string Echo = nameof(Echo);

    public static void Register(DurableTaskRegistry tasks) => Register(tasks, (_, text) => Task.FromResult(text));

    /// <param name="echo">What the activity does.</param>
    public static void Register(DurableTaskRegistry tasks, Func<TaskActivityContext, string, Task<string>> echo)
    {
        tasks.AddActivityFunc<string, string>(Echo, echo);
        tasks.AddOrchestratorFunc<int, string>(Sequence, async (context, steps) =>
        {
            var last = "";
            for (var i = 0; i < steps; i++)
            {
                last = await context.CallActivityAsync<string>(Echo, $"step {i}");
            }

            return last;
        });
        tasks.AddOrchestratorFunc<int, int>(FanOut, async (context, width) =>
            (await Task.WhenAll(Enumerable.Range(0, width).Select(i => context.CallActivityAsync<string>(Echo, $"branch {i}")))).Length);
        tasks.AddOrchestratorFunc<string>(WaitForGo, context => context.WaitForExternalEvent<string>(Go));
        tasks.AddOrchestratorFunc<DateTime, bool>(Sleep, async (context, until) =>
        {
            await context.CreateTimer(until, CancellationToken.None);
            return true;
        });
    }
}
