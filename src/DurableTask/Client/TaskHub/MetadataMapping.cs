using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Client;

/// <summary>From the stored form of an instance to the one that applications see.</summary>
internal static class MetadataMapping
{
    /// <summary>What is read of one instance without its inputs and outputs. Its failure counts as an output.</summary>
    public static InstanceState WithoutPayloads(this InstanceState state) =>
        state with { Input = null, Output = null, CustomStatus = null, Failure = null };

    /// <param name="converter">Reads the payloads; null when they were not fetched.</param>
    public static OrchestrationMetadata ToMetadata(this InstanceState state, DataConverter? converter) => new(state.Name, state.InstanceId)
    {
        DataConverter = converter,
        RuntimeStatus = state.Status.ToClient(),
        CreatedAt = state.CreatedAt,
        LastUpdatedAt = state.UpdatedAt,
        SerializedInput = state.Input,
        SerializedOutput = state.Output,
        SerializedCustomStatus = state.CustomStatus,
        Tags = state.Tags,
        FailureDetails = state.Failure?.ToTaskFailureDetails(),
    };
}
