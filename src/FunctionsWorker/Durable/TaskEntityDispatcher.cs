using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// What an <c>[EntityTrigger]</c> function gets: the operation, to be handed to the code that does it. Call one of the methods once and
/// return its task. An operation may run more than once when a process dies; what it changed is stored once.
/// </summary>
public sealed class TaskEntityDispatcher
{
    private readonly TaskEntityOperation _operation;
    private readonly IServiceProvider _services;

    internal TaskEntityDispatcher(TaskEntityOperation operation, IServiceProvider services)
    {
        _operation = operation;
        _services = services;
    }

    /// <summary>What the operation returned.</summary>
    internal object? Result { get; private set; }

    /// <summary>Lets an object do the operation.</summary>
    public async Task DispatchAsync(ITaskEntity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        Result = await entity.RunAsync(_operation);
    }

    /// <summary>
    /// Lets an object of a class do the operation. An <see cref="ITaskEntity"/> comes from the container, or is a new one with services
    /// from there. Any other type is the state itself: its public methods are the operations, and the whole object is stored.
    /// </summary>
    public Task DispatchAsync<T>() => DispatchAsync(
        typeof(T).IsAssignableTo(typeof(ITaskEntity))
            ? (ITaskEntity)(object)ActivatorUtilities.GetServiceOrCreateInstance<T>(_services)!
            : new StateEntity<T>());

    /// <summary>Lets a new object of an entity's class do the operation.</summary>
    /// <param name="additionalArgs">For the constructor, such as what the function has bound; its other parameters are services.</param>
    /// <exception cref="ArgumentException">The type is no <see cref="ITaskEntity"/>: a state is loaded, not constructed.</exception>
    public Task DispatchAsync<T>(params object[] additionalArgs)
    {
        ArgumentNullException.ThrowIfNull(additionalArgs);
        return typeof(T).IsAssignableTo(typeof(ITaskEntity))
            ? DispatchAsync((ITaskEntity)(object)ActivatorUtilities.CreateInstance<T>(_services, additionalArgs)!)
            : throw new ArgumentException(
                $"{typeof(T)} is the state of an entity and takes no constructor arguments; expected an {nameof(ITaskEntity)}, "
                + $"or {nameof(DispatchAsync)}<{typeof(T).Name}>().",
                nameof(additionalArgs));
    }

    /// <summary>Lets a method do the operation.</summary>
    public async Task DispatchAsync(Func<TaskEntityOperation, ValueTask<object?>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Result = await handler(_operation);
    }

    /// <summary>Has nothing but its state, which does the operations.</summary>
    private sealed class StateEntity<TState> : TaskEntity<TState>
    {
        protected override bool AllowStateDispatch => true;
    }
}
