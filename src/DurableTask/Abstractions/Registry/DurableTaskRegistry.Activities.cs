using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.DurableTask;

public sealed partial class DurableTaskRegistry
{
    /// <summary>Registers a factory that is given the services of the call's scope.</summary>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public DurableTaskRegistry AddActivity(TaskName name, Func<IServiceProvider, ITaskActivity> factory) =>
        AddActivity(new TaskKey(name, TaskVersion.Unversioned), factory);

    /// <summary>Registers a factory for a name and version.</summary>
    /// <exception cref="ArgumentException">The name is empty, or name and version are taken.</exception>
    public DurableTaskRegistry AddActivity(TaskName name, TaskVersion version, Func<ITaskActivity> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        return AddActivity(new TaskKey(name, version), _ => factory());
    }

    /// <summary>Registers a class under a name; the version is that of its <see cref="DurableTaskAttribute"/>.</summary>
    /// <remarks>Each call takes the object from the container, or creates it with services from there.</remarks>
    /// <exception cref="ArgumentException">The type is no concrete activity.</exception>
    public DurableTaskRegistry AddActivity(TaskName name, Type type)
    {
        TaskClass.RequireConcrete<ITaskActivity>(type);
        return AddActivity(
            new TaskKey(name, TaskClass.VersionOf(type)),
            services => (ITaskActivity)ActivatorUtilities.GetServiceOrCreateInstance(services, type));
    }

    /// <summary>Registers a class under the name and version of its <see cref="DurableTaskAttribute"/>, else under its own name.</summary>
    public DurableTaskRegistry AddActivity(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return AddActivity(TaskClass.NameOf(type), type);
    }

    /// <summary>Registers a class under a name.</summary>
    public DurableTaskRegistry AddActivity<TActivity>(TaskName name)
        where TActivity : class, ITaskActivity => AddActivity(name, typeof(TActivity));

    /// <summary>Registers a class under its own or its attribute's name.</summary>
    public DurableTaskRegistry AddActivity<TActivity>()
        where TActivity : class, ITaskActivity => AddActivity(typeof(TActivity));

    /// <summary>Registers one object that serves all calls at the same time: it must be thread-safe.</summary>
    public DurableTaskRegistry AddActivity(TaskName name, ITaskActivity activity)
    {
        ArgumentNullException.ThrowIfNull(activity);
        return AddActivity(new TaskKey(name, TaskClass.VersionOf(activity.GetType())), _ => activity);
    }

    /// <summary>Registers one object under its class's name.</summary>
    public DurableTaskRegistry AddActivity(ITaskActivity activity)
    {
        ArgumentNullException.ThrowIfNull(activity);
        return AddActivity(TaskClass.NameOf(activity.GetType()), activity);
    }

    private DurableTaskRegistry AddActivity(TaskKey key, Func<IServiceProvider, ITaskActivity> factory)
    {
        Add(_activities, "Activity", key, key.Name, factory);
        return this;
    }
}
