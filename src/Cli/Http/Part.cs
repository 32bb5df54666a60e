using System.Text.Json;

namespace Heal.Cli;

/// <summary>A part of an answer. What is not there, or of another kind than it should be, is empty and never an exception: a newer or older
/// healer is read as far as it goes.</summary>
internal readonly struct Part(JsonElement? element)
{
    // The standard encoder escapes whatever is not plain ASCII: no text in an answer can do anything to a terminal.
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Part None => default;

    public bool Exists => element is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) };

    public bool? Flag => element?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>On one line, safe to print; empty when there is none.</summary>
    public string Text => Plain.Line(Raw);

    /// <summary>Several lines, safe to print.</summary>
    public string Lines => Plain.Text(Raw);

    /// <summary>As it was sent: not for printing.</summary>
    public string Raw
    {
        get
        {
            if (element is not { } json || !Exists) return "";
            try
            {
                return json.ValueKind == JsonValueKind.String ? json.GetString()! : json.GetRawText();
            }
            catch (InvalidOperationException)
            {
                return json.GetRawText(); // half a character, which JSON can write and .NET does not read
            }
        }
    }

    public string Json => element is { } json ? JsonSerializer.Serialize(json, Indented) : "null";

    public IEnumerable<Part> Items => element is { ValueKind: JsonValueKind.Array } list
        ? list.EnumerateArray().Select(item => new Part(item))
        : [];

    public IEnumerable<(string Name, Part Value)> Members => element is { ValueKind: JsonValueKind.Object } json
        ? json.EnumerateObject().Select(member => (Plain.Line(member.Name), new Part(member.Value)))
        : [];

    public Part this[string name] =>
        element is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty(name, out JsonElement value) ? new Part(value) : None;

    /// <summary>The texts of a list, between commas.</summary>
    public string Joined => string.Join(", ", Items.Select(item => item.Text));
}
