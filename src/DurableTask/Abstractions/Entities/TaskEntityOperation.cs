namespace Microsoft.DurableTask.Entities;

/// <summary>One operation that an entity is asked to do.</summary>
public abstract class TaskEntityOperation
{
    /// <summary>The operation's name; case does not matter.</summary>
    public abstract string Name { get; }

    /// <summary>What the entity may use.</summary>
    public abstract TaskEntityContext Context { get; }

    /// <summary>The entity's state.</summary>
    public abstract TaskEntityState State { get; }

    /// <summary>True when the caller gave an input.</summary>
    public abstract bool HasInput { get; }

    /// <summary>The input; the type's default when there is none.</summary>
    public virtual T? GetInput<T>() => GetInput(typeof(T)) is { } input ? (T)input : default;

    /// <summary>The input; null when there is none.</summary>
    public abstract object? GetInput(Type inputType);

    public override string ToString() => Context is null ? Name : $"{Context.Id}/{Name}";
}
