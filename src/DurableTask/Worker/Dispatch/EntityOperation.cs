using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.DurableTask.Worker.Tracing;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>What operations sent and started; it leaves with the batch's commit.</summary>
internal sealed class EntityEffects
{
    public List<OutgoingEntityMessage> Messages { get; } = [];

    public List<NewInstance> Starts { get; } = [];

    public void Add(EntityEffects more)
    {
        Messages.AddRange(more.Messages);
        Starts.AddRange(more.Starts);
    }

    /// <summary>With a span for each, within the operation's.</summary>
    public EntityEffects Traced(string entityId)
    {
        var traced = new EntityEffects();
        traced.Messages.AddRange(Messages.Select(
            sent => sent with { Message = sent.Message with { Trace = TaskTracing.SignalSent(entityId, sent) } }));
        foreach (NewInstance created in Starts)
        {
            created.Start.ParentTraceContext = TaskTracing.OrchestrationStarted(entityId, created.Start);
            traced.Starts.Add(created);
        }

        return traced;
    }
}

/// <summary>
/// The state of an entity over a batch. What an operation sets is written at once, so that a state that cannot be is that operation's
/// failure; the object that it was read as is kept for the next one, until an operation fails.
/// </summary>
internal sealed class EntityState(DataConverter converter, string? stored) : TaskEntityState
{
    private string? _current = stored;
    private object? _read;
    private bool _isSet;

    /// <summary>The state as the last operation that succeeded left it.</summary>
    public string? Stored { get; private set; } = stored;

    public override bool HasState => _current is not null;

    public override object? GetState(Type type)
    {
        if (_read is null || !type.IsInstanceOfType(_read))
        {
            _read = converter.Deserialize(_current, type);
        }

        return _read;
    }

    public override void SetState(object? state)
    {
        _current = converter.Serialize(state);
        _read = _current is null ? null : state;
        _isSet = true;
    }

    public void Commit()
    {
        Stored = _current;
        // An operation that changed the object but did not set it has changed nothing.
        _read = _isSet ? _read : null;
        _isSet = false;
    }

    public void RollBack()
    {
        _current = Stored;
        _read = null;
        _isSet = false;
    }
}

/// <summary>One message as the entity's code sees it.</summary>
internal sealed class EntityOperation(EntityMessage message, EntityContext context, EntityState state, DataConverter converter)
    : TaskEntityOperation
{
    public override string Name => message.Operation!;
    public override TaskEntityContext Context => context;
    public override TaskEntityState State => state;
    public override bool HasInput => message.Input is not null;

    public override object? GetInput(Type inputType) => converter.Deserialize(message.Input, inputType);
}

/// <summary>What one operation may do besides changing the state. It is gathered here and leaves only if the operation succeeds.</summary>
/// <param name="trace">The operation's span, or that of whoever asked for it; what the operation sends and starts belongs to it.</param>
internal sealed class EntityContext(WorkerRuntime runtime, EntityInstanceId id, TraceParent? trace) : TaskEntityContext
{
    public EntityEffects Effects { get; } = new();

    public override EntityInstanceId Id => id;

    public override void SignalEntity(
        EntityInstanceId id, string operationName, object? input = null, SignalEntityOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(operationName);
        Effects.Messages.Add(new OutgoingEntityMessage(EntityIds.Storable(id), new EntityMessage
        {
            Operation = operationName,
            IsSignal = true,
            Input = runtime.Services.DataConverter.Serialize(input),
            ParentInstanceId = Id.ToString(),
            DueAt = options?.SignalTime?.UtcDateTime,
            Trace = trace,
        }));
    }

    public override string ScheduleNewOrchestration(TaskName name, object? input = null, StartOrchestrationOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name.Name, nameof(name));
        string instanceId = options?.InstanceId ?? Guid.CreateVersion7(runtime.Time.GetUtcNow()).ToString("N");
        EntityIds.RequireStorable(instanceId, nameof(options));
        EntityIds.RequireStorable(name.Name, nameof(name));
        Effects.Starts.Add(new NewInstance(new ExecutionStartedEvent(-1, runtime.Services.DataConverter.Serialize(input))
        {
            Timestamp = runtime.Services.UtcNow(),
            Name = name.Name,
            Version = options?.Version?.Version ?? runtime.Services.DefaultVersion,
            OrchestrationInstance = new OrchestrationInstance { InstanceId = instanceId, ExecutionId = Guid.NewGuid().ToString("N") },
            Tags = options?.Tags is { Count: > 0 } tags ? new Dictionary<string, string>(tags, StringComparer.Ordinal) : null,
            ScheduledStartTime = options?.StartAt?.UtcDateTime,
            ParentTraceContext = trace,
        }));
        return instanceId;
    }
}
