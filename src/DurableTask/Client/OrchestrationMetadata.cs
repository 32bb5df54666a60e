using System.Collections.ObjectModel;

namespace Microsoft.DurableTask.Client;

/// <summary>An instance as it was when it was read.</summary>
/// <param name="name">The orchestrator's name.</param>
/// <param name="instanceId">The instance's id.</param>
public sealed class OrchestrationMetadata(string name, string instanceId)
{
    /// <summary>The orchestrator's name.</summary>
    public string Name { get; } = name;

    /// <summary>The instance's id.</summary>
    public string InstanceId { get; } = instanceId;

    /// <summary>Reads the payloads; null when they were not fetched.</summary>
    public DataConverter? DataConverter { get; init; }

    /// <summary>The status.</summary>
    public OrchestrationRuntimeStatus RuntimeStatus { get; init; }

    /// <summary>When the instance was created, by the storage's clock.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the instance last changed, by the storage's clock.</summary>
    public DateTimeOffset LastUpdatedAt { get; init; }

    /// <summary>The input as stored text; null when there is none or it was not fetched.</summary>
    public string? SerializedInput { get; init; }

    /// <summary>The output as stored text; null when there is none or it was not fetched.</summary>
    public string? SerializedOutput { get; init; }

    /// <summary>The custom status as stored text; null when there is none or it was not fetched.</summary>
    public string? SerializedCustomStatus { get; init; }

    /// <summary>The instance's tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Why the instance failed; null when it did not, and when it was read without its inputs and outputs.</summary>
    public TaskFailureDetails? FailureDetails { get; init; }

    /// <summary>True while the status is Running.</summary>
    public bool IsRunning => RuntimeStatus == OrchestrationRuntimeStatus.Running;

    /// <summary>True when the instance has ended.</summary>
    public bool IsCompleted => RuntimeStatus.IsTerminal();

    /// <summary>The input; the type's default when there is none.</summary>
    /// <exception cref="InvalidOperationException">Inputs and outputs were not fetched.</exception>
    public T? ReadInputAs<T>() => Read<T>(SerializedInput);

    /// <summary>The output; the type's default when there is none.</summary>
    /// <exception cref="InvalidOperationException">Inputs and outputs were not fetched.</exception>
    public T? ReadOutputAs<T>() => Read<T>(SerializedOutput);

    /// <summary>The custom status; the type's default when there is none.</summary>
    /// <exception cref="InvalidOperationException">Inputs and outputs were not fetched.</exception>
    public T? ReadCustomStatusAs<T>() => Read<T>(SerializedCustomStatus);

    /// <summary>Name, id, status and times, for people. Payloads are left out: they may hold anything.</summary>
    public override string ToString() =>
        $"[Name: '{Name}', ID: '{InstanceId}', RuntimeStatus: {RuntimeStatus}, CreatedAt: {CreatedAt:o}, LastUpdatedAt: {LastUpdatedAt:o}]";

    private T? Read<T>(string? data) => DataConverter is null
        ? throw new InvalidOperationException(
            $"The inputs and outputs of instance '{InstanceId}' were not fetched: "
            + "read it with getInputsAndOutputs (in a query, FetchInputsAndOutputs) set.")
        : DataConverter.Deserialize<T>(data);
}
