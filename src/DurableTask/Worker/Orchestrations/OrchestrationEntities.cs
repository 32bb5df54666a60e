using System.Diagnostics.CodeAnalysis;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>
/// Entities as an orchestrator uses them. Requests are events to the entity, answers are events whose name is the request's id: the history
/// shows both, and replay finds the same ids.
/// </summary>
internal sealed class OrchestrationEntities(
    ExecutionStartedEvent start,
    OrchestrationContext context,
    OrchestrationServices services,
    OrchestratorActions actions,
    ExternalEvents events) : TaskOrchestrationEntityFeature
{
    private CriticalSection? _section;

    /// <summary>What lets everybody else back in at the orchestrator's end, whichever it was; empty outside of critical sections.</summary>
    public IReadOnlyList<OutgoingEntityMessage> ReleasesAtEnd =>
        _section is { } section ? [.. section.Entities.Select(entity => new OutgoingEntityMessage(entity, Release(section)))] : [];

    /// <summary>The same, for the critical sections that a history enters and does not leave.</summary>
    public static IReadOnlyList<OutgoingEntityMessage> ReleasesFor(IEnumerable<HistoryEvent> history)
    {
        Dictionary<string, EntityMessage> open = new(StringComparer.Ordinal);
        foreach (EventSentEvent sent in history.OfType<EventSentEvent>().Where(sent => EntityIds.IsEntity(sent.InstanceId!)))
        {
            EntityMessage message = EntityMessage.Deserialize(sent.Input!);
            if (message.IsLockRequest)
            {
                open[message.Id!] = message;
            }
            else if (message.IsRelease)
            {
                open.Remove(message.Id!);
            }
        }

        return [.. open.Values.SelectMany(request => request.LockSet!.Select(
            entity => new OutgoingEntityMessage(entity, request with { LockSet = null, Position = 0 })))];
    }

    public override async Task<TResult> CallEntityAsync<TResult>(
        EntityInstanceId id, string operationName, object? input = null, CallEntityOptions? options = null) =>
        services.DataConverter.Deserialize<TResult>(await CallAsync(id, operationName, input))!;

    public override Task CallEntityAsync(
        EntityInstanceId id, string operationName, object? input = null, CallEntityOptions? options = null) =>
        CallAsync(id, operationName, input);

    public override Task SignalEntityAsync(
        EntityInstanceId id, string operationName, object? input = null, SignalEntityOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(operationName);
        context.ThrowIfForeignThread();
        string target = EntityIds.Storable(id);
        string? json = services.DataConverter.Serialize(input);
        _section?.RequireSignalAllowed(target);
        DateTime? dueAt = options?.SignalTime?.UtcDateTime;
        string name = dueAt is { } due ? $"{EntityMessage.RequestName}@{due:o}" : EntityMessage.RequestName;
        Send(target, name, Request(context.NewGuid()) with { Operation = operationName, IsSignal = true, Input = json, DueAt = dueAt });
        return Task.CompletedTask;
    }

    public override async Task<IAsyncDisposable> LockEntitiesAsync(IEnumerable<EntityInstanceId> entityIds)
    {
        ArgumentNullException.ThrowIfNull(entityIds);
        context.ThrowIfForeignThread();
        if (_section is not null)
        {
            throw new InvalidOperationException(
                "Must not enter another critical section from within a critical section: "
                + "lock all entities at once, or leave the first one.");
        }

        // One order for all orchestrations: two that want the same entities cannot wait for each other.
        string[] locks = [.. entityIds.Distinct()
            .OrderBy(id => id.Name, StringComparer.Ordinal).ThenBy(id => id.Key, StringComparer.Ordinal).Select(EntityIds.Storable)];
        if (locks.Length == 0)
        {
            throw new ArgumentException("Entities to lock: expected at least one, got none.", nameof(entityIds));
        }

        Guid id = context.NewGuid();
        var section = _section = new CriticalSection(id.ToString(), locks);
        Send(locks[0], EntityMessage.RequestName, Request(id) with { LockSet = locks });
        if ((await AnswerAsync(id)).Failure is { } failure)
        {
            // The entities before the one that refused have let the orchestration in.
            Leave(section);
            throw new EntityOperationFailedException(EntityInstanceId.FromString(locks[0]), "lock", failure.ToTaskFailureDetails());
        }

        section.Enter();
        return new Exit(this, section);
    }

    public override bool InCriticalSection([NotNullWhen(true)] out IReadOnlyList<EntityInstanceId>? entityIds)
    {
        entityIds = _section?.Available.Select(EntityInstanceId.FromString).ToList();
        return entityIds is not null;
    }

    /// <exception cref="InvalidOperationException">A critical section is open: a sub-orchestration that wants one of its entities would
    /// never end.</exception>
    public void RequireSubOrchestrationAllowed()
    {
        if (_section is not null)
        {
            throw new InvalidOperationException("While holding locks, must not call sub-orchestrations: leave the critical section first.");
        }
    }

    private async Task<string?> CallAsync(EntityInstanceId id, string operationName, object? input)
    {
        ArgumentNullException.ThrowIfNull(operationName);
        context.ThrowIfForeignThread();
        string target = EntityIds.Storable(id);
        string? json = services.DataConverter.Serialize(input);
        CriticalSection? section = _section;
        section?.BeginCall(target);
        Guid request = context.NewGuid();
        Send(target, EntityMessage.RequestName, Request(request) with { Operation = operationName, Input = json });
        EntityResponse response = await AnswerAsync(request);
        section?.EndCall(target);
        return response.Failure is { } failure
            ? throw new EntityOperationFailedException(id, operationName, failure.ToTaskFailureDetails())
            : response.Result;
    }

    private EntityMessage Request(Guid id) => new()
    {
        Id = id.ToString(),
        ParentInstanceId = context.InstanceId,
        ParentExecutionId = start.OrchestrationInstance.ExecutionId,
    };

    private EntityMessage Release(CriticalSection section) => new()
    {
        Id = section.Id,
        ParentInstanceId = context.InstanceId,
        ParentExecutionId = start.OrchestrationInstance.ExecutionId,
    };

    private Task<EntityResponse> AnswerAsync(Guid request) =>
        events.Wait(request.ToString(), payload => EntityResponse.Deserialize(payload!), CancellationToken.None);

    private void Send(string target, string name, EntityMessage message)
    {
        int id = actions.NextId();
        if (!message.IsRelease && !context.IsReplaying)
        {
            message = message with { Trace = services.ContextOfAction(start, id) };
        }

        actions.Send(
            new EventSentEvent(id)
            {
                Timestamp = services.UtcNow(),
                InstanceId = target,
                Name = name,
                Input = message.Serialize(),
            },
            new OutgoingEntityMessage(target, message));
    }

    private void Leave(CriticalSection section)
    {
        if (_section != section)
        {
            return; // It was left already.
        }

        context.ThrowIfForeignThread();
        foreach (string entity in section.Entities)
        {
            Send(entity, EntityMessage.ReleaseName, Release(section));
        }

        _section = null;
    }

    private sealed class Exit(OrchestrationEntities entities, CriticalSection section) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            entities.Leave(section);
            return ValueTask.CompletedTask;
        }
    }
}
