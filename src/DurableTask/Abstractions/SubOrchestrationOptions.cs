namespace Microsoft.DurableTask;

/// <summary>Options of a call of a sub-orchestration.</summary>
public record SubOrchestrationOptions : TaskOptions
{
    /// <summary>Creates options.</summary>
    public SubOrchestrationOptions(TaskRetryOptions? retry = null, string? instanceId = null)
        : base(retry)
    {
        InstanceId = instanceId;
    }

    /// <summary>Extends options by an instance id; null keeps the one that they may have.</summary>
    public SubOrchestrationOptions(TaskOptions options, string? instanceId = null)
        : base(options)
    {
        InstanceId = instanceId ?? (options as SubOrchestrationOptions)?.InstanceId;
    }

    /// <summary>Copies options.</summary>
    public SubOrchestrationOptions(SubOrchestrationOptions options)
        : base(options)
    {
        InstanceId = options.InstanceId;
    }

    /// <summary>
    /// The id of the sub-orchestration; null for one derived from the parent's <see cref="TaskOrchestrationContext.NewGuid"/>.
    /// </summary>
    public string? InstanceId { get; init; }

    /// <summary>The version to start; null is the worker's default version, not the parent's.</summary>
    /// <remarks>The same value as <see cref="TaskOptions.Version"/>, so that it cannot matter through which type it was set.</remarks>
    public new TaskVersion? Version
    {
        get => base.Version;
        init => base.Version = value;
    }
}
