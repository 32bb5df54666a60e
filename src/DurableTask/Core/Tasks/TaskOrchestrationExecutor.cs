using DurableTask.Core.Command;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;

namespace DurableTask.Core;

/// <summary>
/// Plays a history to a <see cref="TaskOrchestration"/> and says what it asks for next. Not thread-safe; the code runs on the caller's
/// thread, and whatever it awaits besides the context's tasks is an error of the code.
/// </summary>
/// <param name="orchestrationRuntimeState">The history; the executor adds nothing to it.</param>
/// <param name="taskOrchestration">The orchestrator, fresh: its one execution is this.</param>
public class TaskOrchestrationExecutor(OrchestrationRuntimeState orchestrationRuntimeState, TaskOrchestration taskOrchestration)
{
    private readonly ReplayContext _context = new();
    private readonly List<HistoryEvent> _heldWhileSuspended = [];
    private Task<string?>? _run;
    private Exception? _mismatch;
    private ExecutionTerminatedEvent? _terminated;
    private bool _isSuspended;

    /// <summary>True when the code has returned or thrown, and nothing that it started is open.</summary>
    public bool IsCompleted => _mismatch is not null || _terminated is not null
        || (_run is { IsCompleted: true } && !_context.HasOpenTasks && !_isSuspended);

    /// <summary>Plays the stored events, then the new ones.</summary>
    public OrchestratorExecutionResult Execute()
    {
        Play(orchestrationRuntimeState.PastEvents, isReplaying: true);
        return ExecuteNewEvents();
    }

    /// <summary>Plays the new events only: for an orchestrator that stayed in memory since the stored ones were played.</summary>
    public OrchestratorExecutionResult ExecuteNewEvents()
    {
        Play(orchestrationRuntimeState.NewEvents, isReplaying: false);
        List<OrchestratorAction> actions = [.. _context.Actions];
        if (IsCompleted)
        {
            // What would need an answer is not started any more.
            actions.RemoveAll(action => action is not SendEventOrchestratorAction);
            actions.Add(End());
        }

        return new OrchestratorExecutionResult { Actions = actions, CustomStatus = taskOrchestration.GetStatus() };
    }

    private void Play(IEnumerable<HistoryEvent> events, bool isReplaying)
    {
        // Continuations run inside of the call that completes their task: never on another thread, whatever the caller's context is.
        SynchronizationContext? outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        _context.SetReplaying(isReplaying);
        try
        {
            foreach (HistoryEvent entry in events)
            {
                if (_mismatch is null && _terminated is null)
                {
                    PlayOne(entry);
                }
            }
        }
        catch (NonDeterministicOrchestrationException mismatch)
        {
            _mismatch = mismatch;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    private void PlayOne(HistoryEvent entry)
    {
        switch (entry)
        {
            case OrchestratorStartedEvent:
                _context.SetClock(entry.Timestamp);
                break;
            case ExecutionTerminatedEvent terminated:
                _terminated = terminated;
                break;
            case ExecutionSuspendedEvent:
                _isSuspended = true;
                break;
            case ExecutionResumedEvent:
                Resume();
                break;
            case TaskScheduledEvent or TimerCreatedEvent or SubOrchestrationInstanceCreatedEvent or EventSentEvent:
                _context.Match(entry);
                break;
            default:
                if (_isSuspended)
                {
                    _heldWhileSuspended.Add(entry);
                }
                else
                {
                    Deliver(entry);
                }

                break;
        }
    }

    private void Resume()
    {
        _isSuspended = false;
        HistoryEvent[] held = [.. _heldWhileSuspended];
        _heldWhileSuspended.Clear();
        foreach (HistoryEvent entry in held)
        {
            Deliver(entry);
        }
    }

    private void Deliver(HistoryEvent entry)
    {
        switch (entry)
        {
            case ExecutionStartedEvent started when _run is null:
                _context.Start(started);
                _run = StartAsync(started);
                break;
            case TaskCompletedEvent done:
                _context.Complete(done.TaskScheduledId, done.Result);
                break;
            case TaskFailedEvent failed:
                _context.Fail(failed.TaskScheduledId, failed.FailureDetails);
                break;
            case SubOrchestrationInstanceCompletedEvent done:
                _context.Complete(done.TaskScheduledId, done.Result);
                break;
            case SubOrchestrationInstanceFailedEvent failed:
                _context.Fail(failed.TaskScheduledId, failed.FailureDetails);
                break;
            case TimerFiredEvent fired:
                _context.Complete(fired.TimerId, result: null);
                break;
            case EventRaisedEvent raised when _context.IsStartingOver:
                _context.Carryover.Add(raised);
                break;
            case EventRaisedEvent raised:
                taskOrchestration.RaiseEvent(_context, raised.Name!, raised.Input);
                break;
        }
    }

    private async Task<string?> StartAsync(ExecutionStartedEvent started) => await taskOrchestration.Execute(_context, started.Input);

    private OrchestrationCompleteOrchestratorAction End()
    {
        if (_terminated is { } terminated)
        {
            return _context.End(OrchestrationStatus.Terminated, terminated.Input);
        }

        Exception? thrown = _mismatch ?? _run!.Exception?.InnerException ?? (_run.IsCanceled ? new TaskCanceledException(_run) : null);
        return thrown is null
            ? _context.EndOrStartOver(_run!.Result)
            : _context.End(OrchestrationStatus.Failed, result: null, Details(thrown));
    }

    private static FailureDetails Details(Exception thrown) => thrown is OrchestrationException { FailureDetails: { } own }
        ? own
        : new FailureDetails(
            thrown.GetType().FullName ?? thrown.GetType().Name,
            thrown.Message,
            thrown.StackTrace,
            thrown.InnerException is { } inner ? Details(inner) : null);
}
