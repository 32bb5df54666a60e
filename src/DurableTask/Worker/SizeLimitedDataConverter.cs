using DurableTask.Core.Payloads;

namespace Microsoft.DurableTask.Worker;

/// <summary>
/// Refuses payloads that are too large to be stored where they come into being: in the orchestrator's or activity's own code, whose failure
/// it is.
/// </summary>
internal sealed class SizeLimitedDataConverter(DataConverter inner, LargePayloadOptions limits) : DataConverter
{
    public override string? Serialize(object? value) => limits.Check(inner.Serialize(value));

    public override object? Deserialize(string? data, Type targetType) => inner.Deserialize(data, targetType);

    public override T? Deserialize<T>(string? data)
        where T : default => inner.Deserialize<T>(data);
}
