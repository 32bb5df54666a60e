using DurableTask.Core;

namespace Microsoft.DurableTask.Worker.Shims;

/// <summary>Runs an activity on stored texts.</summary>
internal sealed class ActivityShim(TaskName name, ITaskActivity activity, DataConverter converter) : global::DurableTask.Core.TaskActivity
{
    public override async Task<string?> RunAsync(TaskContext context, string? input)
    {
        ArgumentNullException.ThrowIfNull(context);
        object? value = converter.Deserialize(ArgumentIn(input), activity.InputType);
        object? output = await activity.RunAsync(
            new ActivityContext(name, context.OrchestrationInstance.InstanceId, context.Version ?? ""), value);
        return converter.Serialize(output);
    }

    /// <summary>Not used by hosts, which call the asynchronous form; blocks until the activity has ended.</summary>
    public override string? Run(TaskContext context, string? input) => RunAsync(context, input).GetAwaiter().GetResult();

    /// <summary>The one argument in the array of arguments.</summary>
    private static string? ArgumentIn(string? input)
    {
        string? argument = input is ['[', .. var inside, ']'] ? inside : input;
        return argument is "" ? null : argument;
    }

    private sealed class ActivityContext(TaskName name, string instanceId, string version) : TaskActivityContext
    {
        public override TaskName Name => name;
        public override string InstanceId => instanceId;
        public override string Version => version;
    }
}
