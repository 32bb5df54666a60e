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

    /// <summary>Lets an object of a class do the operation: one from the container, or a new one with services from there.</summary>
    public Task DispatchAsync<T>()
        where T : class, ITaskEntity => DispatchAsync(ActivatorUtilities.GetServiceOrCreateInstance<T>(_services));

    /// <summary>Lets a method do the operation.</summary>
    public async Task DispatchAsync(Func<TaskEntityOperation, ValueTask<object?>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Result = await handler(_operation);
    }
}
