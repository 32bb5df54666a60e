using Microsoft.DurableTask;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>A converter that stores texts as they are.</summary>
internal sealed class PlainText : DataConverter
{
    public override string? Serialize(object? value) => (string?)value;

    public override object? Deserialize(string? data, Type targetType) => data;
}
