using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>
/// One execution of an orchestrator in memory. <see cref="Replay"/> rebuilds it from stored history, <see cref="Play"/> adds new events.
/// Not thread-safe: one turn at a time.
/// </summary>
internal sealed partial class OrchestrationSession(
    OrchestrationServices services,
    Func<ExecutionStartedEvent, ITaskOrchestrator> createOrchestrator,
    string? customStatus,
    IDisposable? scope) : IDisposable
{
    private readonly OrchestratorLoop _loop = new();
    private readonly OrchestratorActions _actions = new();
    private readonly ExternalEvents _events = new();
    private readonly List<HistoryEvent> _heldWhileSuspended = [];
    private readonly List<HistoryEvent> _ignored = [];
    private readonly ILogger _logger = services.Loggers.Orchestrations;

    private OrchestrationContext? _context;
    private ITaskOrchestrator? _orchestrator;
    private Task<object?>? _run;
    private ExecutionTerminatedEvent? _terminated;
    private FailureDetails? _failure;
    private Exception? _thrown;
    private bool _brokeOff;
    private bool _suspended;
    private bool _replaying;
    private int _rewindsAhead;
    private DateTime _clock;

    /// <summary>Null until the start event was played.</summary>
    public ExecutionStartedEvent? Start { get; private set; }

    /// <summary>Rebuilds the state from the stored history of the execution.</summary>
    /// <param name="isRewinding">True when a rewind comes next: what it took out of the history is added again by the code.</param>
    public void Replay(IReadOnlyList<HistoryEvent> history, bool isRewinding = false)
    {
        _actions.History = history;
        _rewindsAhead = history.Count(entry => entry is ExecutionRewoundEvent) + (isRewinding ? 1 : 0);
        _replaying = true;
        try
        {
            PlayAll(history);
        }
        finally
        {
            _replaying = false;
        }
    }

    /// <summary>Plays new events and says what to store.</summary>
    public TurnResult Play(IEnumerable<HistoryEvent> events)
    {
        _ignored.Clear();
        PlayAll(events);
        TurnResult result = Result();
        return _ignored.Count == 0 ? result : result with { Ignored = [.. _ignored] };
    }

    /// <summary>The last turn is stored. What a suspended orchestration holds back is not.</summary>
    public void Stored()
    {
        if (!_suspended)
        {
            _actions.Stored();
        }
    }

    /// <summary>Throws nothing: what the orchestrator's own code does here comes beside its turn, which may be stored already.</summary>
    public void Dispose()
    {
        try
        {
            (_orchestrator as IDisposable)?.Dispose();
        }
        catch (Exception failed)
        {
            Log.NotReleased(_logger, failed, Start?.OrchestrationInstance.InstanceId, Start?.Name);
        }

        _ = ReleaseScopeAsync();
    }

    /// <summary>A scope that holds what can be released in this way only refuses the other.</summary>
    private async Task ReleaseScopeAsync()
    {
        try
        {
            if (scope is IAsyncDisposable patient)
            {
                await patient.DisposeAsync();
            }
            else
            {
                scope?.Dispose();
            }
        }
        catch (Exception failed)
        {
            Log.NotReleased(_logger, failed, Start?.OrchestrationInstance.InstanceId, Start?.Name);
        }
    }

    private void PlayAll(IEnumerable<HistoryEvent> events)
    {
        foreach (HistoryEvent entry in events)
        {
            if (_failure is not null || _terminated is not null)
            {
                return;
            }

            try
            {
                PlayOne(entry);
            }
            catch (NonDeterministicOrchestrationException mismatch)
            {
                _brokeOff = true;
                Fail(mismatch);
            }
        }
    }

    private void PlayOne(HistoryEvent entry)
    {
        if (TaskOf(entry) is { } task && IsLate(task))
        {
            _ignored.Add(entry);
            if (entry is not TimerFiredEvent)
            {
                Log.IgnoredOutcome(_logger, Start?.OrchestrationInstance.InstanceId, task);
            }

            return;
        }

        if (_suspended && HeldBySuspension(entry))
        {
            _heldWhileSuspended.Add(entry);
            return;
        }

        switch (entry)
        {
            case OrchestratorStartedEvent:
                _clock = entry.Timestamp;
                _context?.SetClock(_clock);
                _context?.SetReplaying(_replaying);
                break;
            case OrchestratorCompletedEvent when _replaying && !_suspended:
                _actions.EndReplayedTurn(mayHaveMore: _rewindsAhead > 0);
                break;
            case ExecutionRewoundEvent:
                _rewindsAhead--;
                break;
            case ExecutionStartedEvent started:
                StartOrchestrator(started);
                break;
            case TaskScheduledEvent or TimerCreatedEvent or SubOrchestrationInstanceCreatedEvent or EventSentEvent:
                _actions.Match(entry);
                break;
            case TaskCompletedEvent done:
                Complete(done.TaskScheduledId, new TaskOutcome(done.Result, null));
                break;
            case TaskFailedEvent failed:
                Complete(failed.TaskScheduledId, new TaskOutcome(null, failed.FailureDetails));
                break;
            case SubOrchestrationInstanceCompletedEvent done:
                Complete(done.TaskScheduledId, new TaskOutcome(done.Result, null));
                break;
            case SubOrchestrationInstanceFailedEvent failed:
                Complete(failed.TaskScheduledId, new TaskOutcome(null, failed.FailureDetails));
                break;
            case TimerFiredEvent fired:
                Complete(fired.TimerId, default);
                break;
            case EventRaisedEvent raised when IsStartingOver:
                _events.Keep(raised.Name!, raised.Input);
                break;
            case EventRaisedEvent raised:
                _loop.Run(() => _events.Raise(raised.Name!, raised.Input));
                break;
            case ExecutionSuspendedEvent:
                _suspended = true;
                break;
            case ExecutionResumedEvent:
                Resume();
                break;
            case ExecutionTerminatedEvent terminated:
                _terminated = terminated;
                break;
        }
    }

    /// <summary>True when the code has ended with the wish to start over: what arrives now is for the next execution.</summary>
    private bool IsStartingOver => _run is { IsCompletedSuccessfully: true } && _context!.ContinuedAsNew is not null;

    private static bool HeldBySuspension(HistoryEvent entry) => entry is
        TaskCompletedEvent or TaskFailedEvent or TimerFiredEvent or EventRaisedEvent or ExecutionStartedEvent
        or SubOrchestrationInstanceCompletedEvent or SubOrchestrationInstanceFailedEvent;

    /// <summary>The task whose outcome this is; null for every other event.</summary>
    private static int? TaskOf(HistoryEvent entry) => entry switch
    {
        TaskCompletedEvent done => done.TaskScheduledId,
        TaskFailedEvent failed => failed.TaskScheduledId,
        SubOrchestrationInstanceCompletedEvent done => done.TaskScheduledId,
        SubOrchestrationInstanceFailedEvent failed => failed.TaskScheduledId,
        TimerFiredEvent fired => fired.TimerId,
        _ => null,
    };

    /// <summary>True for the outcome of a task that has one already, or of a timer that was cancelled while it fired.</summary>
    private bool IsLate(int task) => !_replaying
        && (!_actions.IsOpen(task) || _heldWhileSuspended.Exists(held => TaskOf(held) == task));

    private void Resume()
    {
        if (!_suspended)
        {
            return;
        }

        _suspended = false;
        HistoryEvent[] held = [.. _heldWhileSuspended];
        _heldWhileSuspended.Clear();
        PlayAll(held);
    }

    private void StartOrchestrator(ExecutionStartedEvent started)
    {
        if (Start is not null)
        {
            return;
        }

        Start = started;
        ParentInstance? parent = started.ParentInstance;
        _context = new OrchestrationContext(
            started,
            parent is null ? null : new ParentOrchestrationInstance(parent.Name, parent.OrchestrationInstance.InstanceId),
            services,
            _loop,
            _actions,
            _events,
            customStatus);
        _context.SetClock(_clock);
        _context.SetReplaying(_replaying);
        try
        {
            _orchestrator = createOrchestrator(started);
            object? input = services.DataConverter.Deserialize(started.Input, _orchestrator.InputType);
            _loop.Run(() => _run = _orchestrator.RunAsync(_context, input)!);
        }
        catch (Exception thrown)
        {
            // A synchronous throw of the orchestrator (or of its construction) is its failure, as an awaited one is.
            _run = Task.FromException<object?>(thrown);
        }
    }

    private void Complete(int taskId, TaskOutcome outcome) => _loop.Run(() => _actions.TryComplete(taskId, outcome));

    private void Fail(Exception exception)
    {
        _thrown = exception;
        _failure = Failures.From(exception, services.ExceptionProperties, _logger);
    }

    private TurnResult Result()
    {
        if (_terminated is { } terminated)
        {
            return Ended(OrchestrationStatus.Terminated) with
            {
                Output = terminated.Input,
                TerminateChildren = terminated.Recurse ? [.. _actions.OpenChildren] : [],
            };
        }

        if (_failure is null && _run is { IsCompleted: true } run && !_actions.HasOpenTasks && !_suspended)
        {
            if (run.IsCompletedSuccessfully)
            {
                return _context!.ContinuedAsNew is { } next ? StartOver(next) : Completed(run.Result);
            }

            Fail(run.Exception?.InnerException ?? new TaskCanceledException(run));
        }

        if (_failure is null && IsStuck())
        {
            Fail(new InvalidOperationException(
                $"Orchestrator '{Start!.Name}' awaits a task that did not come from its context, so nothing can ever wake it. "
                + "An orchestrator may await only activities, timers, external events and sub-orchestrations of its context. "
                + "Move other work into an activity."));
        }

        return _failure is { } failure ? Ended(OrchestrationStatus.Failed) with { Failure = failure, Thrown = _thrown } : GoingOn();
    }

    private bool IsStuck() =>
        _run is { IsCompleted: false } && !_actions.HasOpenTasks && !_events.HasWaiters && !_suspended;

    private TurnResult GoingOn() => new()
    {
        Status = _suspended ? OrchestrationStatus.Suspended
            : Start is null ? OrchestrationStatus.Pending
            : OrchestrationStatus.Running,
        // While it is suspended, nothing new starts; the resumption finds the actions still here, or adds them again by replay.
        Actions = _suspended ? [] : _actions.Added,
        CancelledTimers = _actions.CancelledTimers,
        ToEntities = _actions.ToEntities,
        CustomStatus = _context is null ? customStatus : _context.CustomStatus,
    };

    private TurnResult Ended(OrchestrationStatus status) => new()
    {
        Status = status,
        // Fire-and-forget messages of the last turn are still sent; what would need an answer is not started any more. Of a replay that
        // broke off nothing is: what it added was sent when it was played, or belongs to code that the history does not know.
        Actions = _brokeOff ? [] : [.. _actions.Added.Where(action => action is EventSentEvent)],
        CancelledTimers = [],
        ToEntities = _actions.ToEntities,
        LockReleases = _context is null ? []
            : _brokeOff ? _context.LockReleasesFor(_actions.History)
            : _context.LockReleasesAtEnd,
        CustomStatus = _context is null ? customStatus : _context.CustomStatus,
    };

    private TurnResult Completed(object? output)
    {
        try
        {
            return Ended(OrchestrationStatus.Completed) with { Output = services.DataConverter.Serialize(output) };
        }
        catch (Exception unserializable)
        {
            Fail(unserializable);
            return Ended(OrchestrationStatus.Failed) with { Failure = _failure, Thrown = _thrown };
        }
    }

    private TurnResult StartOver(NextExecution next) => Ended(OrchestrationStatus.Running) with
    {
        ContinueAsNew = next,
        CarriedEvents = [.. _events.Unprocessed.Select(RaiseAgain)],
    };

    private EventRaisedEvent RaiseAgain((string Name, string? Payload) kept) =>
        new(-1, kept.Payload) { Name = kept.Name, Timestamp = services.UtcNow() };

    private static partial class Log
    {
        [LoggerMessage(EventId = 610, Level = LogLevel.Warning,
            Message = "'{InstanceId}': a second outcome of task #{TaskId} was ignored.")]
        public static partial void IgnoredOutcome(ILogger logger, string? instanceId, int taskId);

        [LoggerMessage(EventId = 613, Level = LogLevel.Error,
            Message = "'{InstanceId}' ({Name}): the orchestrator, or a service of its scope, threw while it was disposed; its turns "
                + "count all the same.")]
        public static partial void NotReleased(ILogger logger, Exception exception, string? instanceId, string? name);
    }
}
