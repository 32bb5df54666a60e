using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Heal.Healing;

/// <summary>Collects faults while a payload is read, so that the sender hears of all of them at once.</summary>
internal sealed class JsonFaults
{
    private const int ShownLength = 60;
    private readonly List<AlertFault> _faults = [];

    public IReadOnlyList<AlertFault> Faults => _faults;

    public int Count { get; private set; }

    public void Add(string path, string expected, string got)
    {
        Count++;
        if (_faults.Count < AlertLimits.Faults) _faults.Add(new AlertFault(path, expected, got));
    }

    public void Add(string path, string expected, JsonElement got) => Add(path, expected, Show(got));

    /// <summary>The root of the text, or null after recording why the text is not JSON.</summary>
    public JsonDocument? Parse(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Span.IndexOfAnyExcept(" \n\r\t"u8) < 0)
        {
            Add("$", "a JSON document", "an empty body");
            return null;
        }

        try
        {
            return JsonDocument.Parse(utf8);
        }
        catch (JsonException e)
        {
            var line = (e.LineNumber ?? 0) + 1;
            var column = (e.BytePositionInLine ?? 0) + 1;
            Add("$", "a JSON document",
                string.Create(CultureInfo.InvariantCulture, $"text that is not JSON at line {line}, byte {column}"));
            return null;
        }
    }

    public string? Text(JsonElement parent, string path, string name, bool required = true)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            if (required) Add($"{path}.{name}", "a string", "nothing");
            return null;
        }

        if (value.ValueKind == JsonValueKind.String) return ReadString(value, () => $"{path}.{name}");
        Add($"{path}.{name}", "a string", value);
        return null;
    }

    /// <summary>The text of a JSON string, or null after recording that it escapes half a character (a lone surrogate).</summary>
    public string? ReadString(JsonElement value, Func<string> path)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            Add(path(), "text in valid Unicode", "an unpaired surrogate");
            return null;
        }
    }

    public static string Show(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => "nothing",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => $"a list of {value.GetArrayLength()}",
        _ => Show(value.GetRawText()),
    };

    /// <summary>A short piece of foreign text that is safe to print: control characters escaped, length bounded.</summary>
    public static string Show(string text)
    {
        var shown = new StringBuilder(ShownLength + 8);
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, ShownLength)))
        {
            if (char.IsControl(c) || char.IsSurrogate(c)) shown.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
            else shown.Append(c);
        }

        return text.Length > ShownLength ? shown.Append("...").ToString() : shown.ToString();
    }
}
