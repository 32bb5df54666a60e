using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// One batch of an entity: plays the messages in order and gathers what to store. Each operation by itself keeps or takes back its state
/// and what it sent. While an orchestration has the entity in its critical section, the messages of all others are parked. Of an entity
/// that workers were lost with, one operation runs at a time, so that the next loss tells which one it was; one that was lost too often
/// is refused without running.
/// </summary>
internal sealed partial class EntityBatch(WorkerRuntime runtime, EntityWorkItem item, IServiceProvider services, ILogger logger)
{
    // So that the callers of a batch's first operations do not wait for slow ones that follow.
    private static readonly TimeSpan LongestBatch = TimeSpan.FromSeconds(1);

    private readonly EntityInstanceId _id = EntityInstanceId.FromString(item.Lock.EntityId);
    private readonly EntityState _state = new(runtime.Services.DataConverter, item.State);
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

    public async Task<EntityCommit> RunAsync()
    {
        long began = runtime.Time.GetTimestamp();
        foreach (EntityInboxMessage message in item.Messages)
        {
            await PlayAsync(message);

            // After a release, those who were parked come first: they have waited longer than what is left of this batch.
            if (_isReleased || (IsSuspect && _operations > 0) || _operations >= runtime.HubOptions.MaximumEntityOperationsPerBatch
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
            // A release by somebody else is of an orchestration that ended before its lock request came to its turn.
            _isReleased = _holder is not null && _holder == message.Sender;
            _holder = _isReleased ? null : _holder;
        }
        else if (_holder is not null && _holder != message.Sender)
        {
            _parked.Add(received.Id);
            return;
        }
        else if (message.IsLockRequest)
        {
            await LetInAsync(message);
        }
        else
        {
            await RunOperationAsync(message, received.Fault);
        }

        _consumed.Add(received.Id);
    }

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
        var context = new EntityContext(runtime, _id, message.Trace);
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
            _effects.Add(context.Effects);
            Answer(message, new EntityResponse { Result = output });
        }
        // An operation that the worker itself cut short has not failed: the batch is given back with it.
        catch (Exception thrown) when (thrown is not OperationCanceledException || !runtime.IsStopping)
        {
            _state.RollBack();
            Log.OperationFailed(logger, thrown, _id.ToString(), message.Operation!);
            Answer(message, new EntityResponse { Failure = Failures.From(thrown, runtime.Services.ExceptionProperties, logger) });
        }
    }

    private ITaskEntity Create() =>
        runtime.Factory is IDurableTaskFactory2 factory
        && factory.TryCreateEntity(new TaskName(_id.Name), services, out ITaskEntity? entity)
            ? entity
            : throw new OrchestrationFailure(Failures.NotFound("EntityTaskNotFound", "entity", _id.Name, version: null));

    private void Answer(EntityMessage request, EntityResponse response)
    {
        if (!request.IsSignal && request.Sender is { } caller)
        {
            _answers.Add(new OutgoingMessage(
                caller.InstanceId,
                caller.ExecutionId,
                new EventRaisedEvent(-1, response.Serialize()) { Name = request.Id, Timestamp = runtime.Services.UtcNow() }));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 15, Level = LogLevel.Error, Message = "Entity '{EntityId}': operation '{Operation}' failed.")]
        public static partial void OperationFailed(ILogger logger, Exception exception, string entityId, string operation);

        [LoggerMessage(EventId = 654, Level = LogLevel.Error,
            Message = "Entity '{EntityId}': operation '{Operation}' is not tried again: {Losses} workers were lost while they ran it.")]
        public static partial void Poisoned(ILogger logger, string entityId, string operation, int losses);
    }
}
