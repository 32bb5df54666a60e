using Microsoft.DurableTask;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>What an order is to do.</summary>
public enum OrderKind
{
    /// <summary>Five activities, one after the other.</summary>
    Sequence,

    /// <summary>Ten activities at once.</summary>
    FanOut,

    /// <summary>An activity, a timer, an activity.</summary>
    Timer,

    /// <summary>Two sub-orchestrations of two activities each.</summary>
    Children,

    /// <summary>Waits for an event, then runs an activity with what it brought.</summary>
    Event,
}

/// <summary>The orchestrations of the kill test and of the soak; every activity leaves a line in the ledger of effects.</summary>
internal static class Orders
{
    public const string Order = "Order";
    public const string Pair = "Pair";
    public const string Effect = "Effect";
    public const string EventName = "go";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    // What an effect meets when its database is away: it is tried again until it is back.
    private static readonly TaskOptions Persistent = TaskOptions.FromRetryPolicy(
        new RetryPolicy(200, TimeSpan.FromMilliseconds(250), backoffCoefficient: 1.2, maxRetryInterval: TimeSpan.FromSeconds(5)));

    public static OrderKind KindOf(int number) => (OrderKind)(number % 5);

    /// <summary>How many different effects an order has.</summary>
    public static int EffectsOf(OrderKind kind) => kind switch
    {
        OrderKind.Sequence => 5,
        OrderKind.FanOut => 10,
        OrderKind.Timer => 2,
        OrderKind.Children => 4,
        _ => 1,
    };

    /// <summary>What an order returns: the sum of its effects' numbers.</summary>
    public static int ResultOf(OrderKind kind) => EffectsOf(kind) * (EffectsOf(kind) - 1) / 2;

    public static void AddTo(DurableTaskRegistry tasks, Func<string, int, Task> effect)
    {
        tasks.AddOrchestratorFunc<OrderKind, int>(Order, RunAsync);
        tasks.AddOrchestratorFunc<int, int>(Pair, async (context, first) =>
            await EffectAsync(context, first) + await EffectAsync(context, first + 1));
        tasks.AddActivityFunc<Step, int>(Effect, async (_, step) =>
        {
            await effect(step.Order, step.Number);
            return step.Number;
        });
    }

    private static async Task<int> RunAsync(TaskOrchestrationContext context, OrderKind kind)
    {
        switch (kind)
        {
            case OrderKind.Sequence:
                int sum = 0;
                for (int i = 0; i < EffectsOf(kind); i++)
                {
                    sum += await EffectAsync(context, i);
                }

                return sum;
            case OrderKind.FanOut:
                return (await Task.WhenAll(Enumerable.Range(0, EffectsOf(kind)).Select(i => EffectAsync(context, i)).ToArray())).Sum();
            case OrderKind.Timer:
                int before = await EffectAsync(context, 0);
                await context.CreateTimer(Pause, CancellationToken.None);
                return before + await EffectAsync(context, 1);
            case OrderKind.Children:
                var first = context.CallSubOrchestratorAsync<int>(Pair, 0);
                var second = context.CallSubOrchestratorAsync<int>(Pair, 2);
                return (await Task.WhenAll(first, second)).Sum();
            default:
                return await EffectAsync(context, await context.WaitForExternalEvent<int>(EventName));
        }
    }

    private static Task<int> EffectAsync(TaskOrchestrationContext context, int number) =>
        context.CallActivityAsync<int>(Effect, new Step(context.Parent?.InstanceId ?? context.InstanceId, number), Persistent);

    internal sealed record Step(string Order, int Number);
}
