namespace Microsoft.DurableTask.Entities;

/// <summary>What an entity may use during an operation. Signals and starts leave only if the operation succeeds.</summary>
public abstract class TaskEntityContext
{
    /// <summary>The entity's own id.</summary>
    public abstract EntityInstanceId Id { get; }

    /// <summary>Signals another entity without input.</summary>
    public virtual void SignalEntity(EntityInstanceId id, string operationName, SignalEntityOptions options) =>
        SignalEntity(id, operationName, input: null, options);

    /// <summary>Signals another entity, without waiting.</summary>
    public abstract void SignalEntity(EntityInstanceId id, string operationName, object? input = null, SignalEntityOptions? options = null);

    /// <summary>Starts an orchestration without input.</summary>
    /// <returns>Its instance id.</returns>
    public virtual string ScheduleNewOrchestration(TaskName name, StartOrchestrationOptions options) =>
        ScheduleNewOrchestration(name, input: null, options);

    /// <summary>Starts an orchestration, without waiting.</summary>
    /// <returns>Its instance id.</returns>
    public abstract string ScheduleNewOrchestration(TaskName name, object? input = null, StartOrchestrationOptions? options = null);
}
