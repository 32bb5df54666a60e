using DurableTask.Core.Serializing;

namespace DurableTask.Core;

/// <summary>What drives a <see cref="TaskOrchestration"/>: its clock, and tasks that end when their events are played.</summary>
public abstract class OrchestrationContext
{
    /// <summary>True while past events are played.</summary>
    public bool IsReplaying { get; protected internal set; }

    /// <summary>The execution that runs.</summary>
    public OrchestrationInstance OrchestrationInstance { get; protected internal set; } = new();

    /// <summary>The orchestrator's name.</summary>
    public virtual string Name { get; protected internal set; } = "";

    /// <summary>The version with which the instance was started; empty for none.</summary>
    public virtual string Version { get; protected internal set; } = "";

    /// <summary>The time at which the turn began, in UTC; it stands still during the turn.</summary>
    public virtual DateTime CurrentUtcDateTime { get; protected internal set; }

    /// <summary>Reads and writes inputs, results and event payloads.</summary>
    public JsonDataConverter MessageDataConverter { get; set; } = new();

    /// <summary>Calls an activity.</summary>
    public abstract Task<TResult> ScheduleTask<TResult>(string name, string version, params object?[] parameters);

    /// <summary>Starts a timer; its task ends with the given value.</summary>
    public abstract Task<T> CreateTimer<T>(DateTime fireAt, T state);

    /// <summary>Starts a timer that can be cancelled.</summary>
    public abstract Task<T> CreateTimer<T>(DateTime fireAt, T state, CancellationToken cancelToken);

    /// <summary>Calls another orchestrator.</summary>
    public abstract Task<T> CreateSubOrchestrationInstance<T>(string name, string version, object? input);

    /// <summary>Calls another orchestrator with an instance id.</summary>
    public abstract Task<T> CreateSubOrchestrationInstance<T>(string name, string version, string instanceId, object? input);

    /// <summary>Calls another orchestrator with an instance id and tags.</summary>
    public abstract Task<T> CreateSubOrchestrationInstance<T>(
        string name, string version, string instanceId, object? input, IDictionary<string, string> tags);

    /// <summary>Sends an event to another instance, without waiting.</summary>
    public abstract void SendEvent(OrchestrationInstance orchestrationInstance, string eventName, object? eventData);

    /// <summary>Starts over with a new input once the code has returned.</summary>
    public abstract void ContinueAsNew(object? input);

    /// <summary>Starts over with a new version and input once the code has returned.</summary>
    public abstract void ContinueAsNew(string newVersion, object? input);
}
