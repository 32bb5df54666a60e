namespace Microsoft.DurableTask;

public sealed partial class DurableTaskRegistry
{
    /// <summary>
    /// Registers a factory for a name and version. The factory is called for each turn that has to replay from the start.
    /// </summary>
    /// <exception cref="ArgumentException">The name is empty, or name and version are taken.</exception>
    public DurableTaskRegistry AddOrchestrator(TaskName name, TaskVersion version, Func<ITaskOrchestrator> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        Add(_orchestrators, "Orchestrator", new TaskKey(name, version), name, _ => factory());
        return this;
    }

    /// <summary>Registers a factory without a version.</summary>
    public DurableTaskRegistry AddOrchestrator(TaskName name, Func<ITaskOrchestrator> factory) =>
        AddOrchestrator(name, TaskVersion.Unversioned, factory);

    /// <summary>Registers a class under a name; the version is that of its <see cref="DurableTaskAttribute"/>.</summary>
    /// <exception cref="ArgumentException">The type is no concrete orchestrator, or has no public constructor without
    /// parameters.</exception>
    public DurableTaskRegistry AddOrchestrator(TaskName name, Type type)
    {
        TaskClass.RequireConcrete<ITaskOrchestrator>(type);
        if (type.GetConstructor(Type.EmptyTypes) is null)
        {
            // Services would bring state and I/O into code that must be deterministic.
            throw new ArgumentException(
                $"Orchestrator {type}: expected a public constructor without parameters. Use services in activities instead.",
                nameof(type));
        }

        return AddOrchestrator(name, TaskClass.VersionOf(type), () => (ITaskOrchestrator)Activator.CreateInstance(type)!);
    }

    /// <summary>Registers a class under the name and version of its <see cref="DurableTaskAttribute"/>, else under its own name.</summary>
    public DurableTaskRegistry AddOrchestrator(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return AddOrchestrator(TaskClass.NameOf(type), type);
    }

    /// <summary>Registers a class under a name.</summary>
    public DurableTaskRegistry AddOrchestrator<TOrchestrator>(TaskName name)
        where TOrchestrator : class, ITaskOrchestrator => AddOrchestrator(name, typeof(TOrchestrator));

    /// <summary>Registers a class under its own or its attribute's name.</summary>
    public DurableTaskRegistry AddOrchestrator<TOrchestrator>()
        where TOrchestrator : class, ITaskOrchestrator => AddOrchestrator(typeof(TOrchestrator));

    /// <summary>Registers one object that serves all instances at the same time: it must not hold state.</summary>
    public DurableTaskRegistry AddOrchestrator(TaskName name, ITaskOrchestrator orchestrator)
    {
        ArgumentNullException.ThrowIfNull(orchestrator);
        return AddOrchestrator(name, TaskClass.VersionOf(orchestrator.GetType()), () => orchestrator);
    }

    /// <summary>Registers one object under its class's name.</summary>
    public DurableTaskRegistry AddOrchestrator(ITaskOrchestrator orchestrator)
    {
        ArgumentNullException.ThrowIfNull(orchestrator);
        return AddOrchestrator(TaskClass.NameOf(orchestrator.GetType()), orchestrator);
    }
}
