using Microsoft.DurableTask;

namespace Heal.Shared.Tests.Programs;

/// <summary>Runs a generated program as an orchestrator, with the public API only.</summary>
internal sealed class Interpreter(Scenario scenario)
{
    public const string TalkerName = "Talker";

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>What all scenarios have in common.</summary>
    public static void RegisterCommon(DurableTaskRegistry tasks)
    {
        tasks.AddOrchestratorFunc<int, long>(TalkerName, TalkerAsync);
        tasks.AddEntity<Counter>(Counter.EntityName);
    }

    public void Register(DurableTaskRegistry tasks) => tasks.AddOrchestratorFunc<Order, long>(scenario.ProgramName, RunAsync);

    public async Task<long> RunAsync(TaskOrchestrationContext context, Order order)
    {
        var program = scenario.Programs[order.Program];
        long sum = order.Sum;
        foreach (var node in program.Body)
        {
            sum = Sums.Next(sum, await RunAsync(context, node, order.Round));
        }

        if (order.Round + 1 < program.Rounds)
        {
            context.ContinueAsNew(order with { Round = order.Round + 1, Sum = sum });
            return 0;
        }

        return program.Ending switch
        {
            Ending.Throw => throw new ProgramException($"{sum}"),
            Ending.Wait => await context.WaitForExternalEvent<long>("never"),
            _ => sum,
        };
    }

    /// <summary>The other half of <see cref="Talk"/>.</summary>
    public static async Task<long> TalkerAsync(TaskOrchestrationContext context, int node)
    {
        long word = await context.WaitForExternalEvent<long>($"word{node}");
        context.SendEvent(context.Parent!.InstanceId, $"answer{node}", word + 1);
        return word;
    }

    public static string EventName(Node node) => $"event{node.Id}";

    public static string ChildId(string parentId, int node, int round) => $"{parentId}.{node}.{round}";

    private async Task<long> RunAsync(TaskOrchestrationContext context, Node node, int round)
    {
        switch (node)
        {
            case Work:
                return await context.CallActivityAsync<long>(scenario.WorkName, new Job(node.Id, round));
            case Flaky flaky:
                return await context.CallActivityAsync<long>(scenario.FlakyName, new Job(node.Id, round), Retries(flaky));
            case Broken broken:
                var again = TaskOptions.FromRetryPolicy(new RetryPolicy(broken.Attempts, RetryDelay));
                return await CaughtAsync(node, context.CallActivityAsync<long>(scenario.BrokenName, new Job(node.Id, round), again));
            case Sleep sleep:
                await context.CreateTimer(sleep.Time, CancellationToken.None);
                return node.Id;
            case CancelledSleep sleep:
                return await CancelledSleepAsync(context, sleep, round);
            case Race race:
                return await RaceAsync(context, race, round);
            case Events events:
                return await EventsAsync(context, events);
            case ConcurrentEvents events:
                var waits = Enumerable.Range(0, events.Count).Select(_ => context.WaitForExternalEvent<long>(EventName(node)));
                return (await Task.WhenAll(waits.ToArray())).Sum();
            case EventInTime wait:
                return await context.WaitForExternalEvent<long>(EventName(node), wait.Timeout);
            case EventTooLate wait:
                return await TooLateAsync(context, wait);
            case SelfTalk:
                context.SendEvent(context.InstanceId, EventName(node), Sums.Payload(node.Id, round));
                return await context.WaitForExternalEvent<long>(EventName(node));
            case Fragile:
                return await context.CallActivityAsync<long>(scenario.FragileName, new Job(node.Id, round));
            case Child child:
                var result = ChildAsync(context, child, round);
                return child.Caught ? await CaughtAsync(node, result) : await result;
            case Talk:
                return await TalkAsync(context, node, round);
            case EntityTalk:
                // The instance that had the id before may have left something in it.
                string first = round == 0 ? nameof(Counter.Set) : nameof(Counter.Add);
                await context.Entities.SignalEntityAsync(Counter.Of(context.InstanceId, node), first, 5);
                return await context.Entities.CallEntityAsync<long>(Counter.Of(context.InstanceId, node), nameof(Counter.Add), 1);
            case Section:
                return await SectionAsync(context, node, round);
            case Gather gather:
                long[] parts = await Task.WhenAll(gather.Parts.Select(part => RunAsync(context, part, round)).ToArray());
                return parts.Aggregate(0L, Sums.Next);
            case Status:
                context.SetCustomStatus(node.Id + round);
                return node.Id;
            default:
                throw new InvalidOperationException($"No such node: {node}");
        }
    }

    private async Task<long> SectionAsync(TaskOrchestrationContext context, Node node, int round)
    {
        var own = Counter.Of(context.InstanceId, node);
        await using (await context.Entities.LockEntitiesAsync([scenario.Shared, own]))
        {
            await context.Entities.CallEntityAsync<long>(scenario.Shared, nameof(Counter.Add), 1);
            return await context.Entities.CallEntityAsync<long>(own, round == 0 ? nameof(Counter.Set) : nameof(Counter.Add), 1);
        }
    }

    private static TaskOptions Retries(Flaky flaky) => flaky.ByHandler
        ? TaskOptions.FromRetryHandler(retry => retry.LastAttemptNumber <= flaky.Failures)
        : TaskOptions.FromRetryPolicy(new RetryPolicy(flaky.Failures + 1, RetryDelay, backoffCoefficient: 2));

    private static async Task<long> CaughtAsync(Node node, Task<long> call)
    {
        try
        {
            return await call;
        }
        catch (TaskFailedException)
        {
            return -node.Id;
        }
    }

    private async Task<long> CancelledSleepAsync(TaskOrchestrationContext context, CancelledSleep sleep, int round)
    {
        using var end = new CancellationTokenSource();
        var timer = context.CreateTimer(sleep.Time, end.Token);
        long result = await RunAsync(context, sleep.Beside, round);
        end.Cancel();
        try
        {
            await timer;
        }
        catch (OperationCanceledException)
        {
            // What is wanted; a timer that fired before is as good.
        }

        return result;
    }

    private async Task<long> RaceAsync(TaskOrchestrationContext context, Race race, int round)
    {
        using var end = new CancellationTokenSource();
        var timer = context.CreateTimer(race.Time, end.Token);
        var other = RunAsync(context, race.Against, round);
        if (await Task.WhenAny(timer, other) == other)
        {
            end.Cancel();
        }

        return await other;
    }

    private static async Task<long> EventsAsync(TaskOrchestrationContext context, Events events)
    {
        long sum = 0;
        for (int i = 0; i < events.Count; i++)
        {
            // Names have no case.
            string name = i % 2 == 0 ? EventName(events) : EventName(events).ToUpperInvariant();
            sum = Sums.Next(sum, await context.WaitForExternalEvent<long>(name));
        }

        return sum;
    }

    private static async Task<long> TooLateAsync(TaskOrchestrationContext context, EventTooLate wait)
    {
        try
        {
            return await context.WaitForExternalEvent<long>(EventName(wait), wait.Timeout);
        }
        catch (OperationCanceledException)
        {
            return -wait.Id;
        }
    }

    private Task<long> ChildAsync(TaskOrchestrationContext context, Child child, int round)
    {
        var options = child.Attempts > 1
            ? TaskOptions.FromRetryPolicy(new RetryPolicy(child.Attempts, RetryDelay))
            : new TaskOptions();
        if (child.OwnId)
        {
            options = options.WithInstanceId(ChildId(context.InstanceId, child.Id, round));
        }

        return context.CallSubOrchestratorAsync<long>(scenario.ProgramName, new Order(child.Program.Id, 0, child.Id), options);
    }

    private static async Task<long> TalkAsync(TaskOrchestrationContext context, Node node, int round)
    {
        string id = ChildId(context.InstanceId, node.Id, round);
        var child = context.CallSubOrchestratorAsync<long>(TalkerName, node.Id, new TaskOptions().WithInstanceId(id));
        context.SendEvent(id, $"word{node.Id}", Sums.Payload(node.Id, round));
        long answer = await context.WaitForExternalEvent<long>($"answer{node.Id}");
        return answer + await child;
    }
}

/// <summary>How a generated orchestrator fails.</summary>
internal sealed class ProgramException(string message) : Exception(message);
