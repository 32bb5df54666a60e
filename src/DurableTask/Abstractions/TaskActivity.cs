namespace Microsoft.DurableTask;

/// <summary>
/// A step that does the work of an orchestration. It runs at least once per call, perhaps more often: make it idempotent.
/// </summary>
public interface ITaskActivity
{
    /// <summary>What the input is deserialised to.</summary>
    Type InputType { get; }

    /// <summary>What the activity returns.</summary>
    Type OutputType { get; }

    /// <summary>Does the work.</summary>
    Task<object?> RunAsync(TaskActivityContext context, object? input);
}

/// <summary>
/// Base class of activities. Guarantee: each call is executed at least once. A process that dies after the work and before its result is
/// stored makes the engine run it again, so the work should be idempotent. Created once per call, with services from the container.
/// </summary>
public abstract class TaskActivity<TInput, TOutput> : ITaskActivity
{
    Type ITaskActivity.InputType => typeof(TInput);

    Type ITaskActivity.OutputType => typeof(TOutput);

    /// <summary>
    /// Does the work; may use the clock, the network, anything. What it returns is stored in the orchestration's history.
    /// </summary>
    public abstract Task<TOutput> RunAsync(TaskActivityContext context, TInput input);

    async Task<object?> ITaskActivity.RunAsync(TaskActivityContext context, object? input)
    {
        ArgumentNullException.ThrowIfNull(context);
        return await RunAsync(context, TaskInput.As<TInput>(input, context.Name));
    }
}
