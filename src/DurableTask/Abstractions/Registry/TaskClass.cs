using System.Reflection;

namespace Microsoft.DurableTask;

/// <summary>Reads and checks the classes that are registered as tasks.</summary>
internal static class TaskClass
{
    /// <summary>The name in <see cref="DurableTaskAttribute"/>, else the class's own.</summary>
    public static TaskName NameOf(Type type)
    {
        var given = type.GetCustomAttribute<DurableTaskAttribute>()?.Name ?? default;
        return given == default ? type.Name : given;
    }

    /// <summary>The version in <see cref="DurableTaskAttribute"/>, else none.</summary>
    public static TaskVersion VersionOf(Type type) => type.GetCustomAttribute<DurableTaskAttribute>()?.Version;

    /// <exception cref="ArgumentException">The type cannot be created as such a task.</exception>
    public static void RequireConcrete<TTask>(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (!typeof(TTask).IsAssignableFrom(type) || !type.IsClass || type.IsAbstract || type.ContainsGenericParameters)
        {
            throw new ArgumentException($"Type {type}: expected a concrete class that implements {typeof(TTask).Name}.", nameof(type));
        }
    }
}
