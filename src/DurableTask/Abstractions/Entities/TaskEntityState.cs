namespace Microsoft.DurableTask.Entities;

/// <summary>The stored state of an entity during an operation. What the operation sets is kept only if it succeeds.</summary>
public abstract class TaskEntityState
{
    /// <summary>False when there is no state, or it is null.</summary>
    public abstract bool HasState { get; }

    /// <summary>The state, or a default when there is none.</summary>
    public virtual T? GetState<T>(T? defaultValue = default) => GetState(typeof(T)) is { } state ? (T)state : defaultValue;

    /// <summary>The state; null when there is none.</summary>
    public abstract object? GetState(Type type);

    /// <summary>Replaces the state; null removes the entity.</summary>
    public abstract void SetState(object? state);
}
