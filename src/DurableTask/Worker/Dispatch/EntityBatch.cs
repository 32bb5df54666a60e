using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.DurableTask.Worker.Tracing;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// One batch of an entity: plays the messages in order and gathers what to store. Each operation by itself keeps or takes back its state
/// and what it sent. While an orchestration has the entity in its critical section, the messages of all others are parked. Of an entity
/// that workers were lost with, one operation runs at a time, so that the next loss tells which one it was; one that was lost too often
/// is refused without running.
/// </summary>
/// <remarks>A message that cannot be read here, or with which no batch could be stored, is refused with the reason when its time has
/// come; until then it is left to a worker of a newer version, and everything behind it waits.</remarks>
internal sealed partial class EntityBatch(
    WorkerRuntime runtime, EntityWorkItem item, IServiceProvider services, EntityFaults faults, ILogger logger)
{
    // So that the callers of a batch's first operations do not wait for slow ones that follow.
    private static readonly TimeSpan LongestBatch = TimeSpan.FromSeconds(1);

    private readonly EntityInstanceId _id = EntityInstanceId.FromString(item.Lock.EntityId);
    private readonly EntityState _state = new(runtime.Services.DataConverter, item.State);
    private readonly List<long> _played = [];
    private readonly List<long> _consumed = [];
    private readonly List<long> _parked = [];
    private readonly List<OutgoingMessage> _answers = [];
    private readonly EntityEffects _effects = new();
    private EntityLockHolder? _holder = item.Holder;
    private ITaskEntity? _entity;
    private bool _isModified;
    private bool _isReleased;
    private int _operations;

    private bool IsSuspect => item.LostAttempts >= SuspectLane.LostAttemptsOfSuspects;

    /// <summary>The messages that were begun, parked ones excepted.</summary>
    public IReadOnlyList<long> Played => _played;

    /// <summary>What to store; null when the first message is left to a worker of a newer version.</summary>
    public async Task<EntityCommit?> RunAsync()
    {
        long began = runtime.Time.GetTimestamp();
        bool isOneAtATime = faults.Refused.IsSuspect(item);
        foreach (EntityInboxMessage message in item.Messages)
        {
            if (message.Unreadable is not { } unreadable)
            {
                await PlayAsync(message);
            }
            else if (!TryRefuse(message, unreadable))
            {
                if (_played.Count + _parked.Count == 0)
                {
                    return null;
                }

                break;
            }

            // After a release, those who were parked come first: they have waited longer than what is left of this batch.
            if (_isReleased || (IsSuspect && _operations > 0) || _operations >= runtime.HubOptions.MaximumEntityOperationsPerBatch
                || (isOneAtATime && _played.Count > 0)
                || runtime.IsStopping || runtime.Time.GetElapsedTime(began) > LongestBatch)
            {
                break;
            }
        }

        long? suspectUntil = SuspectUntil();
        return new EntityCommit
        {
            Lock = item.Lock,
            State = _state.Stored,
            IsModified = _isModified,
            Holder = _holder,
            ConsumedMessages = _consumed,
            ParkedMessages = _parked,
            ReturnParked = _isReleased,
            LostAttempts = suspectUntil is null ? 0 : SuspectLane.LostAttemptsOfSuspects,
            SuspectUntil = suspectUntil,
            Messages = _answers,
            EntityMessages = _effects.Messages,
            Orchestrations = _effects.Starts,
        };
    }

    /// <summary>How often an operation may be lost with its worker: at least once by itself, or what was beside a killer would be refused
    /// with it.</summary>
    public static int MaximumLostAttempts(WorkerRuntime runtime) =>
        Math.Max(runtime.HubOptions.MaximumLostAttempts, SuspectLane.LostAttemptsOfSuspects + 1);

    /// <summary>The last message that may be what killed; null when none is left.</summary>
    private long? SuspectUntil()
    {
        long? last = IsSuspect ? item.SuspectUntil ?? item.Messages[^1].Id : null;
        IEnumerable<long> left = item.Messages.Select(message => message.Id).Except(_consumed).Except(_parked);
        return left.Any(id => id <= last) ? last : null;
    }

    private async Task PlayAsync(EntityInboxMessage received)
    {
        EntityMessage message = received.Message;
        if (message.IsRelease)
        {
            _played.Add(received.Id);
            // A release by somebody else is of an orchestration that ended before its lock request came to its turn.
            _isReleased = _holder is not null && _holder == message.Sender;
            _holder = _isReleased ? null : _holder;
        }
        else if (IsHeldAgainst(message))
        {
            _parked.Add(received.Id);
            return;
        }
        else if (faults.Refused.Of(item, received.Id) is { } refusal)
        {
            Refuse(received, refusal.Failure($"{What(message)} of entity '{_id}'"), refusal.IsAnswered);
            return;
        }
        else if (message.IsLockRequest)
        {
            _played.Add(received.Id);
            await LetInAsync(message);
        }
        else
        {
            _played.Add(received.Id);
            await RunOperationAsync(message, received.Fault);
        }

        _consumed.Add(received.Id);
    }

    /// <summary>True while somebody else than the sender has the entity in a critical section.</summary>
    private bool IsHeldAgainst(EntityMessage message) => _holder is not null && _holder != message.Sender;

    /// <returns>False when the message, and all behind it, is left to a worker of a newer version.</returns>
    private bool TryRefuse(EntityInboxMessage received, UnreadableEvent unreadable)
    {
        if (!unreadable.IsDamaged && IsHeldAgainst(received.Message))
        {
            _parked.Add(received.Id);
            return true;
        }

        if (!faults.Unreadable.IsHopeless(item.Lock.EntityId, $"{received.Id}", unreadable))
        {
            Log.Unreadable(logger, _id.ToString(), received.Id, unreadable.Reason);
            return false;
        }

        Refuse(received, new(
            "UnreadableWorkItem",
            $"A stored message to entity '{_id}' cannot be read. {faults.Unreadable.Why(unreadable)}",
            IsNonRetriable: true));
        return true;
    }

    /// <summary>Whoever waits for an answer hears why there is none; a signal is dropped.</summary>
    private void Refuse(EntityInboxMessage received, FailureDetails failure, bool isAnswered = true)
    {
        _played.Add(received.Id);
        _consumed.Add(received.Id);
        Log.Refused(logger, _id.ToString(), received.Id, failure.ErrorMessage);
        if (isAnswered)
        {
            Answer(received.Message, new EntityResponse { Failure = failure });
        }
    }

    private static string What(EntityMessage message) =>
        message.IsLockRequest ? "A lock" : $"Operation '{message.Operation}'";

    /// <summary>Grants a lock; the next entity of the set, or the orchestration, hears of it with this commit.</summary>
    private async Task LetInAsync(EntityMessage request)
    {
        // One that ends after this look sends a release, which comes after the request.
        InstanceState? requester = await runtime.Hub.GetInstanceAsync(request.ParentInstanceId!, withPayloads: false);
        if (requester is null || requester.ExecutionId != request.ParentExecutionId || requester.Status.IsTerminal())
        {
            return;
        }

        _holder = request.Sender;
        int next = request.Position + 1;
        if (next < request.LockSet!.Count)
        {
            _effects.Messages.Add(new OutgoingEntityMessage(request.LockSet[next], request with { Position = next }));
        }
        else
        {
            Answer(request, new EntityResponse());
        }
    }

    private async Task RunOperationAsync(EntityMessage message, string? fault)
    {
        _operations++;
        if (item.LostAttempts >= MaximumLostAttempts(runtime))
        {
            Log.Poisoned(logger, _id.ToString(), message.Operation!, item.LostAttempts);
            Answer(message, new EntityResponse
            {
                Failure = SuspectLane.Poison($"Operation '{message.Operation}' of entity '{_id}'", item.LostAttempts),
            });
            return;
        }

        _isModified = true;
        using Span span = runtime.Services.WritesSpans ? TaskTracing.StartOperation(item.Lock.EntityId, message) : null;
        var context = new EntityContext(runtime, _id, TaskTracing.ContextOf(span) ?? message.Trace);
        try
        {
            if (fault is not null)
            {
                throw new PayloadStorageException(fault);
            }

            _entity ??= Create();
            object? result = await _entity.RunAsync(new EntityOperation(message, context, _state, runtime.Services.DataConverter));
            string? output = runtime.Services.DataConverter.Serialize(result);
            _state.Commit();
            _effects.Add(span.Activity is null ? context.Effects : context.Effects.Traced(item.Lock.EntityId));
            Answer(message, new EntityResponse { Result = output });
            runtime.Metrics.OperationEnded(_id.Name, message.Operation!, "completed");
        }
        // An operation that the worker itself cut short has not failed: the batch is given back with it.
        catch (Exception thrown) when (thrown is not OperationCanceledException || !runtime.IsStopping)
        {
            _state.RollBack();
            Log.OperationFailed(logger, thrown, _id.ToString(), message.Operation!);
            var failure = Failures.From(thrown, runtime.Services.ExceptionProperties, logger);
            TaskTracing.OperationFailed(span, failure);
            Answer(message, new EntityResponse { Failure = failure });
            runtime.Metrics.OperationEnded(_id.Name, message.Operation!, "failed");
        }
    }

    private ITaskEntity Create() =>
        runtime.Factory is IDurableTaskFactory2 factory
        && factory.TryCreateEntity(new TaskName(_id.Name), services, out ITaskEntity? entity)
            ? entity
            : throw new OrchestrationFailure(Failures.NotFound("EntityTaskNotFound", "entity", _id.Name, version: null));

    private void Answer(EntityMessage request, EntityResponse response)
    {
        if (!request.IsSignal && request is { Sender: { } caller, Id: not null })
        {
            _answers.Add(new OutgoingMessage(
                caller.InstanceId,
                caller.ExecutionId,
                new EventRaisedEvent(-1, response.Serialize()) { Name = request.Id, Timestamp = runtime.Services.UtcNow() }));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 655, Level = LogLevel.Warning,
            Message = "Entity '{EntityId}' is left to a worker of a newer version: its message {MessageId} cannot be read here. {Reason}")]
        public static partial void Unreadable(ILogger logger, string entityId, long messageId, string reason);

        [LoggerMessage(EventId = 656, Level = LogLevel.Error,
            Message = "Entity '{EntityId}': its message {MessageId} is given up. {Reason}")]
        public static partial void Refused(ILogger logger, string entityId, long messageId, string reason);

        [LoggerMessage(EventId = 15, Level = LogLevel.Error, Message = "Entity '{EntityId}': operation '{Operation}' failed.")]
        public static partial void OperationFailed(ILogger logger, Exception exception, string entityId, string operation);

        [LoggerMessage(EventId = 654, Level = LogLevel.Error,
            Message = "Entity '{EntityId}': operation '{Operation}' is not tried again: {Losses} workers were lost while they ran it.")]
        public static partial void Poisoned(ILogger logger, string entityId, string operation, int losses);
    }
}
