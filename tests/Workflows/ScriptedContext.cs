using System.Text.Json;
using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Workflows.Tests;

/// <summary>An orchestration context whose activities are functions of the test and whose timers only move its clock.</summary>
internal sealed class ScriptedContext(string instanceId) : TaskOrchestrationContext
{
    private readonly Dictionary<string, Func<object?, object?>> _activities = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Queue<object>> _events = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<Func<object, bool>>> _waiting = new(StringComparer.OrdinalIgnoreCase);
    private DateTime _now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    public List<string> Calls { get; } = [];

    public List<(string Instance, string Name)> Sent { get; } = [];

    public List<object?> Statuses { get; } = [];

    /// <summary>Happens while the orchestrator waits.</summary>
    public Action? OnTimer { get; set; }

    public override TaskName Name => "test";

    public override string InstanceId => instanceId;

    public override ParentOrchestrationInstance? Parent => null;

    public override DateTime CurrentUtcDateTime => _now;

    public override bool IsReplaying => false;

    protected override ILoggerFactory LoggerFactory => NullLoggerFactory.Instance;

    public void On<TIn, TOut>(string activity, Func<TIn, TOut> answer) => _activities[activity] = input => answer((TIn)input!);

    public void Raise(string name, object payload)
    {
        // Whoever waits last is served first; who does not wait any more is passed over.
        while (_waiting.TryGetValue(name, out var waiting) && waiting.Count > 0)
        {
            var serve = waiting[^1];
            waiting.RemoveAt(waiting.Count - 1);
            if (serve(payload)) return;
        }

        if (!_events.TryGetValue(name, out var queue)) _events[name] = queue = new();
        queue.Enqueue(payload);
    }

    public override Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null)
    {
        Calls.Add(name.Name);

        // What the engine does to every payload: nothing may get lost on the way through JSON.
        var sent = input is null ? null : JsonSerializer.Deserialize(JsonSerializer.Serialize(input, input.GetType()), input.GetType());
        try
        {
            var result = _activities[name.Name](sent);
            return Task.FromResult(JsonSerializer.Deserialize<TResult>(JsonSerializer.Serialize(result))!);
        }
        catch (IOException e)
        {
            return Task.FromException<TResult>(new TaskFailedException(name.Name, Calls.Count, e));
        }
    }

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        // Something waits to be heard: the timer is the end of the patience for it, and comes too late. Answers are taken before the timer.
        if (_events.Any(item => item.Value.Count > 0 && item.Key != ApprovalEvent.Name)) return new TaskCompletionSource().Task;
        if (fireAt > _now) _now = fireAt;
        OnTimer?.Invoke();
        return Task.CompletedTask;
    }

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        if (_events.TryGetValue(eventName, out var queue) && queue.TryDequeue(out var payload)) return Task.FromResult((T)payload);
        if (!_waiting.TryGetValue(eventName, out var waiting)) _waiting[eventName] = waiting = [];
        var source = new TaskCompletionSource<T>();
        cancellationToken.Register(() => source.TrySetCanceled(cancellationToken));
        waiting.Add(raised => source.TrySetResult((T)raised));
        return source.Task;
    }

    public override void SendEvent(string instanceId, string eventName, object payload) => Sent.Add((instanceId, eventName));

    public override void SetCustomStatus(object? customStatus) => Statuses.Add(customStatus);

    public override T GetInput<T>() => throw new NotSupportedException();

    public override Task<TResult> CallSubOrchestratorAsync<TResult>(
        TaskName orchestratorName, object? input = null, TaskOptions? options = null) =>
        throw new NotSupportedException();

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true) => throw new NotSupportedException();

    public override Guid NewGuid() => throw new NotSupportedException();
}
