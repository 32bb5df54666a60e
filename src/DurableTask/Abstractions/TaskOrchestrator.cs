namespace Microsoft.DurableTask;

/// <summary>A workflow in code. Its code is replayed from history, so it must be deterministic.</summary>
public interface ITaskOrchestrator
{
    /// <summary>What the input is deserialised to.</summary>
    Type InputType { get; }

    /// <summary>What the orchestrator returns.</summary>
    Type OutputType { get; }

    /// <summary>Runs the workflow.</summary>
    Task<object?> RunAsync(TaskOrchestrationContext context, object? input);
}

/// <summary>
/// Base class of orchestrators. The code runs again from the start, fed from history, each time something happens: use the context for
/// time, GUIDs, delays and calls; no clock, random, I/O, threads or environment of your own. Needs a public constructor without parameters.
/// </summary>
public abstract class TaskOrchestrator<TInput, TOutput> : ITaskOrchestrator
{
    Type ITaskOrchestrator.InputType => typeof(TInput);

    Type ITaskOrchestrator.OutputType => typeof(TOutput);

    /// <summary>Runs the workflow; what it returns is the instance's output, what it throws makes the instance fail.</summary>
    public abstract Task<TOutput> RunAsync(TaskOrchestrationContext context, TInput input);

    async Task<object?> ITaskOrchestrator.RunAsync(TaskOrchestrationContext context, object? input)
    {
        ArgumentNullException.ThrowIfNull(context);
        return await RunAsync(context, TaskInput.As<TInput>(input, context.Name));
    }
}
