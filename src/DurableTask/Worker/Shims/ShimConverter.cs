using DurableTask.Core.Serializing;

namespace Microsoft.DurableTask.Worker.Shims;

/// <summary>The worker's converter in the form that DurableTask.Core's contexts want.</summary>
internal sealed class ShimConverter(DataConverter converter) : JsonDataConverter
{
    /// <summary>A text that is stored as it is.</summary>
    public sealed record Stored(string? Text);

    public override string? Serialize(object? value, bool formatted) => value switch
    {
        Stored stored => stored.Text,
        // The arguments of an activity, of which there is one: see ActivityShim, which takes the brackets away again.
        object?[] { Length: 1 } arguments => $"[{Serialize(arguments[0])}]",
        _ => converter.Serialize(value),
    };

    public override object? Deserialize(string? data, Type objectType) => converter.Deserialize(data, objectType);
}
