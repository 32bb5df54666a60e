using System.Text.Json;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Shared.Tests.Programs;

namespace Heal.DurableTask.Simulation.Tests.Checks;

/// <summary>
/// One use of an instance id, from its creation to the next one: its executions follow each other by continue-as-new. What an id alone
/// does not tell once it is used again: whose sub-orchestration it was, and what was to come of it.
/// </summary>
/// <param name="executionId">Of its first execution.</param>
/// <param name="parent">Null for one that a client began.</param>
/// <param name="order">Null for one that runs no generated program.</param>
internal sealed class Life(string instanceId, string executionId, Life? parent, Order? order) : Use(instanceId, order?.Round ?? 0)
{
    // Asynchronous continuations would run on the thread pool; whoever awaits this comes back to its own process anyway.
    private readonly TaskCompletionSource _gone = new();

    public string ExecutionId => executionId;

    public Life? Parent => parent;

    public Order? Order => order;

    /// <summary>The message that began it; every other message of it is younger. Null until it was delivered.</summary>
    public long? FirstMessage { get; set; }

    /// <summary>How it ended; null while it runs.</summary>
    public OrchestrationStatus? End { get; set; }

    /// <summary>How many events its history had then.</summary>
    public int EventsAtEnd { get; set; }

    public int Rewinds { get; set; }

    /// <summary>Somebody starts another one in its place, whether it has ended or not: that terminates it.</summary>
    public bool MayBeReplaced { get; set; }

    /// <summary>A change that is under way, which must not reach what has its id next.</summary>
    public Task Change { get; set; } = Task.CompletedTask;

    /// <summary>Completes when the hub has it no more: something else has its id, or nothing has.</summary>
    public Task Gone => _gone.Task;

    public Life Root => parent?.Root ?? this;

    public void Leave() => _gone.TrySetResult();
}

/// <summary>All lives, by what was created in the hub.</summary>
internal sealed class Lives
{
    private readonly Dictionary<string, Life> _byExecution = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Life> _current = new(StringComparer.Ordinal);
    private readonly List<Life> _all = [];
    private readonly List<(string InstanceId, Life Parent, TaskCompletionSource<Life> Begun)> _expected = [];

    public IReadOnlyList<Life> All => _all;

    public Life Of(string executionId) => _byExecution[executionId];

    /// <summary>The last one under an id; null when there never was one.</summary>
    public Life? Current(string instanceId) => _current.GetValueOrDefault(instanceId);

    /// <summary>Waits for the beginning of a sub-orchestration: its id may have been used before.</summary>
    public async Task<Life> BegunAsync(string instanceId, Life parent, CancellationToken cancellation)
    {
        if (Current(instanceId) is { } current && current.Parent == parent)
        {
            return current;
        }

        var begun = new TaskCompletionSource<Life>();
        _expected.Add((instanceId, parent, begun));
        using var registration = cancellation.Register(() => begun.TrySetCanceled(cancellation));
        return await begun.Task;
    }

    public void Begin(NewInstance created)
    {
        var start = created.Start;
        var parent = start.ParentInstance is { } by ? Of(by.OrchestrationInstance.ExecutionId) : null;
        var order = start.Name == Interpreter.TalkerName ? null : JsonSerializer.Deserialize<Order>(start.Input!);
        var life = new Life(created.InstanceId, created.ExecutionId, parent, order);
        Current(created.InstanceId)?.Leave();
        _current[created.InstanceId] = life;
        _byExecution.Add(created.ExecutionId, life);
        _all.Add(life);
        foreach (var expected in _expected.Where(wait => wait.InstanceId == life.InstanceId && wait.Parent == parent).ToArray())
        {
            _expected.Remove(expected);
            expected.Begun.TrySetResult(life);
        }
    }

    public void GoOn(string executionId, ExecutionStartedEvent next) =>
        _byExecution.TryAdd(next.OrchestrationInstance.ExecutionId, Of(executionId));
}
