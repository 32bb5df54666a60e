using System.Text.Json;

namespace DurableTask.Core.Serializing;

/// <summary>Turns values into stored texts and back.</summary>
public abstract class DataConverter
{
    public abstract string? Serialize(object? value);

    /// <param name="formatted">True for a text that people read.</param>
    public abstract string? Serialize(object? value, bool formatted);

    public abstract object? Deserialize(string? data, Type objectType);

    /// <summary>The value of a text; the type's default for null.</summary>
    public T? Deserialize<T>(string? data) => Deserialize(data, typeof(T)) is { } value ? (T)value : default;
}

/// <summary>Converts with System.Text.Json, fields included.</summary>
public class JsonDataConverter : DataConverter
{
    private static readonly JsonSerializerOptions Plain = new() { IncludeFields = true };
    private static readonly JsonSerializerOptions Indented = new(Plain) { WriteIndented = true };

    public override string? Serialize(object? value) => Serialize(value, formatted: false);

    public override string? Serialize(object? value, bool formatted) =>
        value is null ? null : JsonSerializer.Serialize(value, formatted ? Indented : Plain);

    public override object? Deserialize(string? data, Type objectType) =>
        data is null ? null : JsonSerializer.Deserialize(data, objectType, Plain);
}
