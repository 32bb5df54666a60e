namespace Microsoft.DurableTask.Entities;

/// <summary>A small stateful object that does one operation at a time.</summary>
public interface ITaskEntity
{
    /// <summary>Does an operation.</summary>
    /// <returns>The result that a caller receives.</returns>
    ValueTask<object?> RunAsync(TaskEntityOperation operation);
}

/// <summary>
/// Base class of entities. An operation is dispatched to the public method of its name (case does not matter) of this class, then, if
/// <see cref="AllowStateDispatch"/>, of <see cref="State"/>; "delete" removes the state when there is no such method.
/// A method may take the input and a <see cref="TaskEntityContext"/>, and may return a value, a Task or a ValueTask.
/// </summary>
public abstract class TaskEntity<TState> : ITaskEntity
{
    /// <summary>True to dispatch to methods of the state's class too; the default is false.</summary>
    protected virtual bool AllowStateDispatch => false;

    /// <summary>The state; loaded before the operation, stored after it if it succeeds. Null removes the entity.</summary>
    protected TState State { get; set; } = default!;

    /// <summary>What the operation may use.</summary>
    protected TaskEntityContext Context { get; private set; } = null!;

    /// <summary>Loads the state, does the operation, keeps the state.</summary>
    /// <exception cref="NotSupportedException">There is no method for the operation.</exception>
    /// <exception cref="InvalidOperationException">The method needs an input and there is none, or there is no state to dispatch
    /// to.</exception>
    public async ValueTask<object?> RunAsync(TaskEntityOperation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        Context = operation.Context;
        State = operation.State.HasState ? operation.State.GetState<TState>()! : InitializeState(operation)!;

        var (found, result) = await operation.TryDispatchAsync(this);
        if (!found && AllowStateDispatch && State is not null)
        {
            // A struct is dispatched to as the box that is read back: what its method changed is not lost.
            object state = State;
            (found, result) = await operation.TryDispatchAsync(state);
            State = (TState)state;
        }

        if (!found)
        {
            if (!operation.Name.Equals("delete", StringComparison.OrdinalIgnoreCase))
            {
                throw AllowStateDispatch && State is null
                    ? new InvalidOperationException(
                        $"Entity '{operation.Context?.Id}' has no method '{operation.Name}' of its own, and no state to dispatch to: "
                        + $"expected a method of {GetType()}, or a state from {nameof(InitializeState)}.")
                    : new NotSupportedException(
                        $"Entity '{operation.Context?.Id}' has no operation '{operation.Name}': expected a public method of {GetType()}"
                        + (AllowStateDispatch ? $" or {typeof(TState)}." : "."));
            }

            State = default!;
            operation.State.SetState(null);
            return null;
        }

        operation.State.SetState(State);
        return result;
    }

    /// <summary>
    /// The state of an entity that has none: by default the type's default, or a new object of a class that can be created.
    /// </summary>
    protected virtual TState? InitializeState(TaskEntityOperation entityOperation) =>
        !typeof(TState).IsValueType && typeof(TState).GetConstructor(Type.EmptyTypes) is not null
            ? Activator.CreateInstance<TState>()
            : default;
}
