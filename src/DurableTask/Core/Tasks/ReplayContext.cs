using DurableTask.Core.Command;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;

namespace DurableTask.Core;

/// <summary>
/// The context that <see cref="TaskOrchestrationExecutor"/> drives: numbered actions, and the tasks that wait for their outcome.
/// </summary>
internal sealed class ReplayContext : OrchestrationContext
{
    private readonly SortedDictionary<int, OrchestratorAction> _actions = [];
    private readonly Dictionary<int, OpenTask> _open = [];
    private (string? Version, string? Input)? _next;
    private int _nextId;

    public IEnumerable<OrchestratorAction> Actions => _actions.Values;

    public bool HasOpenTasks => _open.Count > 0;

    public bool IsStartingOver => _next is not null;

    public List<HistoryEvent> Carryover { get; } = [];

    public void SetReplaying(bool isReplaying) => IsReplaying = isReplaying;

    public void SetClock(DateTime now) => CurrentUtcDateTime = now;

    public void Start(ExecutionStartedEvent started)
    {
        OrchestrationInstance = started.OrchestrationInstance;
        Name = started.Name;
        Version = started.Version ?? "";
    }

    public override Task<TResult> ScheduleTask<TResult>(string name, string version, params object?[] parameters) =>
        Open<TResult>(new ScheduleTaskOrchestratorAction
        {
            Name = name,
            Version = version,
            Input = MessageDataConverter.Serialize(parameters),
        });

    public override Task<T> CreateTimer<T>(DateTime fireAt, T state) => CreateTimer(fireAt, state, CancellationToken.None);

    public override async Task<T> CreateTimer<T>(DateTime fireAt, T state, CancellationToken cancelToken)
    {
        Task<object?> fired = Open<object?>(new CreateTimerOrchestratorAction { FireAt = fireAt });
        int id = _nextId - 1;
        using CancellationTokenRegistration registration = cancelToken.Register(() => Cancel(id));
        await fired;
        return state;
    }

    public override Task<T> CreateSubOrchestrationInstance<T>(string name, string version, object? input) =>
        CreateSubOrchestrationInstance<T>(name, version, $"{OrchestrationInstance.ExecutionId}:{_nextId:X4}", input);

    public override Task<T> CreateSubOrchestrationInstance<T>(string name, string version, string instanceId, object? input) =>
        CreateSubOrchestrationInstance<T>(name, version, instanceId, input, tags: null!);

    public override Task<T> CreateSubOrchestrationInstance<T>(
        string name, string version, string instanceId, object? input, IDictionary<string, string> tags) =>
        Open<T>(new CreateSubOrchestrationAction
        {
            Name = name,
            Version = version,
            InstanceId = instanceId,
            Input = MessageDataConverter.Serialize(input),
            Tags = tags,
        });

    public override void SendEvent(OrchestrationInstance orchestrationInstance, string eventName, object? eventData) =>
        Add(new SendEventOrchestratorAction
        {
            Instance = orchestrationInstance,
            EventName = eventName,
            EventData = MessageDataConverter.Serialize(eventData),
        });

    public override void ContinueAsNew(object? input) => _next = (null, MessageDataConverter.Serialize(input));

    public override void ContinueAsNew(string newVersion, object? input) => _next = (newVersion, MessageDataConverter.Serialize(input));

    /// <summary>A stored action: the code must have asked for it.</summary>
    /// <exception cref="NonDeterministicOrchestrationException">It asked for something else, or for nothing.</exception>
    public void Match(HistoryEvent stored)
    {
        if (!_actions.Remove(stored.EventId, out OrchestratorAction? action) || !action.Matches(stored))
        {
            throw new NonDeterministicOrchestrationException(
                stored.EventId,
                $"A previous execution of this orchestration scheduled an action of kind {stored.EventType} with sequence number "
                + $"{stored.EventId}, but the code now asks for "
                + $"{action?.OrchestratorActionType.ToString() ?? "nothing"} there. Was the orchestrator's code changed?");
        }
    }

    /// <summary>A duplicate, or a timer that was cancelled, changes nothing.</summary>
    public void Complete(int id, string? result)
    {
        if (_open.Remove(id, out OpenTask? task))
        {
            task.Complete(result);
        }
    }

    public void Fail(int id, FailureDetails failure)
    {
        if (_open.Remove(id, out OpenTask? task))
        {
            task.Fail(task.Action is CreateSubOrchestrationAction child
                ? new SubOrchestrationFailedException(failure.ErrorMessage)
                {
                    ScheduleId = id,
                    Name = child.Name,
                    Version = child.Version,
                    FailureDetails = failure,
                }
                : new TaskFailedException(failure.ErrorMessage)
                {
                    ScheduleId = id,
                    Name = (task.Action as ScheduleTaskOrchestratorAction)?.Name,
                    Version = (task.Action as ScheduleTaskOrchestratorAction)?.Version,
                    FailureDetails = failure,
                });
        }
    }

    public OrchestrationCompleteOrchestratorAction EndOrStartOver(string? output)
    {
        if (_next is not { } next)
        {
            return End(OrchestrationStatus.Completed, output);
        }

        OrchestrationCompleteOrchestratorAction end = End(OrchestrationStatus.ContinuedAsNew, next.Input);
        end.NewVersion = next.Version;
        Carryover.ForEach(end.CarryoverEvents.Add);
        return end;
    }

    public OrchestrationCompleteOrchestratorAction End(OrchestrationStatus status, string? result, FailureDetails? failure = null) => new()
    {
        Id = _nextId,
        OrchestrationStatus = status,
        Result = result,
        FailureDetails = failure,
    };

    private void Cancel(int id)
    {
        if (_open.Remove(id, out OpenTask? task))
        {
            // A timer that no turn has stored yet leaves no trace.
            _actions.Remove(id);
            task.Cancel();
        }
    }

    private Task<T> Open<T>(OrchestratorAction action)
    {
        // Continuations run inside of the call that completes the task: synchronous on purpose.
        var source = new TaskCompletionSource<T>();
        Add(action);
        _open.Add(action.Id, new OpenTask(
            action,
            result => source.TrySetResult(MessageDataConverter.Deserialize<T>(result)!),
            exception => source.TrySetException(exception),
            () => source.TrySetCanceled()));
        return source.Task;
    }

    private void Add(OrchestratorAction action)
    {
        action.Id = _nextId++;
        _actions.Add(action.Id, action);
    }

    private sealed class OpenTask(OrchestratorAction action, Action<string?> complete, Action<Exception> fail, Action cancel)
    {
        public OrchestratorAction Action => action;

        public void Complete(string? result)
        {
            try
            {
                complete(result);
            }
            catch (Exception unreadable)
            {
                // The code that waits decides what a result of another type means.
                fail(unreadable);
            }
        }

        public void Fail(Exception exception) => fail(exception);

        public void Cancel() => cancel();
    }
}
