using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.DurableTask;

public sealed partial class DurableTaskRegistry
{
    /// <summary>Registers a factory that is given the services of the batch's scope.</summary>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public DurableTaskRegistry AddEntity(TaskName name, Func<IServiceProvider, ITaskEntity> factory)
    {
        Add(_entities, "Entity", name, name, factory);
        return this;
    }

    /// <summary>Registers a class under a name. It is taken from the container, or created with services from there.</summary>
    /// <exception cref="ArgumentException">The type is no concrete entity.</exception>
    public DurableTaskRegistry AddEntity(TaskName name, Type type)
    {
        TaskClass.RequireConcrete<ITaskEntity>(type);
        return AddEntity(name, services => (ITaskEntity)ActivatorUtilities.GetServiceOrCreateInstance(services, type));
    }

    /// <summary>Registers a class under the name of its <see cref="DurableTaskAttribute"/>, else under its own name.</summary>
    public DurableTaskRegistry AddEntity(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return AddEntity(TaskClass.NameOf(type), type);
    }

    /// <summary>Registers a class under a name.</summary>
    public DurableTaskRegistry AddEntity<TEntity>(TaskName name)
        where TEntity : class, ITaskEntity => AddEntity(name, typeof(TEntity));

    /// <summary>Registers a class under its own or its attribute's name.</summary>
    public DurableTaskRegistry AddEntity<TEntity>()
        where TEntity : class, ITaskEntity => AddEntity(typeof(TEntity));

    /// <summary>Registers one object that serves all entities of the name at the same time: it must not hold state.</summary>
    public DurableTaskRegistry AddEntity(TaskName name, ITaskEntity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        return AddEntity(name, _ => entity);
    }

    /// <summary>Registers one object under its class's name.</summary>
    public DurableTaskRegistry AddEntity(ITaskEntity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        return AddEntity(TaskClass.NameOf(entity.GetType()), entity);
    }
}
