namespace Microsoft.DurableTask;

/// <summary>Hands an untyped input to a typed task.</summary>
internal static class TaskInput
{
    /// <exception cref="ArgumentException">The input is of another type.</exception>
    public static T As<T>(object? input, TaskName task) => input switch
    {
        T typed => typed,
        null => default!,
        _ => throw new ArgumentException($"Input of task '{task}': expected {typeof(T)}, got {input.GetType()}.", nameof(input)),
    };
}
