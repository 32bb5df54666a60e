using System.Globalization;
using System.Text.Json;

namespace Heal.Healing;

/// <summary>
/// Reads one object of a definition, member by member, and notes what is wrong instead of stopping. A member that is asked for is a known
/// one; <see cref="Close"/> reports the others, each with the known name that is nearest.
/// </summary>
internal sealed class VmJsonObject
{
    private const int ShownLength = 60;
    private const string SizeExample = "a size with its unit, such as \"512MiB\" or \"20GiB\"";

    private static readonly (string Unit, int Shift)[] Units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];

    private readonly JsonElement _element;
    private readonly List<VmFault> _faults;
    private readonly List<string> _known = [];

    public VmJsonObject(JsonElement element, string path, List<VmFault> faults)
    {
        (_element, Path, _faults) = (element, path, faults);
        if (element.ValueKind != JsonValueKind.Object) Fault(path, Shown(element), "a JSON object", "Write { ... } here.");
    }

    public string Path { get; }

    public bool Has(string name) => Find(name) is not null;

    public string? Text(string name, int limit, bool required = false)
    {
        if (Find(name, required, "a text") is not { } value) return null;
        if (value.ValueKind == JsonValueKind.String)
        {
            var text = value.GetString()!;
            var bad = text.FirstOrDefault(c => char.IsControl(c) && c is not ('\n' or '\t' or '\r'));
            if (text.Length > 0 && text.Length <= limit && bad == default && IsWhole(text)) return text;
            if (bad != default) return Wrong<string>(name, value, "printable text", "Remove the control character.");
            if (!IsWhole(text)) return Wrong<string>(name, value, "valid Unicode", "Remove the half character (a lone surrogate).");
        }

        return Wrong<string>(name, value, $"a text of 1 to {limit} characters", "Correct the value or leave the member out.");
    }

    public int? Whole(string name, int minimum, int maximum, bool required = false)
    {
        if (Find(name, required, $"a whole number from {minimum} to {maximum}") is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= minimum && number <= maximum)
        {
            return number;
        }

        return Wrong<int?>(name, value, $"a whole number from {minimum} to {maximum}", "Correct the number.");
    }

    public long? Size(string name, long minimum, long maximum, bool required = false)
    {
        if (Find(name, required, SizeExample) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.String || ParseSize(value.GetString()!) is not { } bytes)
        {
            return Wrong<long?>(name, value, SizeExample, "Units are KiB, MiB, GiB and TiB.");
        }

        return bytes >= minimum && bytes <= maximum
            ? bytes
            : Wrong<long?>(name, value, $"{SizeText(minimum)} to {SizeText(maximum)}", "Choose a size within the limits.");
    }

    public bool? Flag(string name)
    {
        if (Find(name) is not { } value) return null;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => Wrong<bool?>(name, value, "true or false", "Write true or false, without quotes."),
        };
    }

    /// <summary>A member of an enumeration by its name in lower case with hyphens.</summary>
    public T? Choice<T>(string name)
        where T : struct, Enum
    {
        if (Find(name) is not { } value) return null;
        var choices = Enum.GetValues<T>().ToDictionary(VmWords.Of, StringComparer.Ordinal);
        if (value.ValueKind == JsonValueKind.String && choices.TryGetValue(value.GetString()!, out var choice)) return choice;
        var nearest = value.ValueKind == JsonValueKind.String ? Nearest(value.GetString()!, choices.Keys) : null;
        return Wrong<T?>(
            name, value, "one of " + string.Join(", ", choices.Keys),
            nearest is null ? "Choose one of them." : $"Did you mean \"{nearest}\"?");
    }

    public T? Child<T>(string name, Func<VmJsonObject, T> read, bool required = false)
        where T : class
    {
        if (Find(name, required, "a JSON object") is not { } value) return null;
        return ReadChild(value, $"{Path}.{name}", read);
    }

    public IReadOnlyList<T> List<T>(string name, int limit, Func<VmJsonObject, T> read)
        where T : class
    {
        if (Array(name, limit, "objects") is not { } items) return [];
        return [.. items.Select((item, i) => ReadChild(item, $"{Path}.{name}[{i}]", read)).OfType<T>()];
    }

    public IReadOnlyList<string> Texts(string name, int limit, int length)
    {
        if (Array(name, limit, "texts") is not { } items) return [];
        var texts = new List<string>();
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].ValueKind == JsonValueKind.String && items[i].GetString() is { Length: > 0 } text && text.Length <= length)
            {
                texts.Add(text);
            }
            else Fault($"{Path}.{name}[{i}]", Shown(items[i]), $"a text of 1 to {length} characters", "Correct the value.");
        }

        return texts;
    }

    /// <summary>An object of free names with text values.</summary>
    public IReadOnlyDictionary<string, string> Labels(string name)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (Find(name) is not { } value) return labels;
        if (value.ValueKind != JsonValueKind.Object)
        {
            Wrong<object>(name, value, "a JSON object of texts", "Write {\"team\": \"shop\"}.");
            return labels;
        }

        foreach (var label in value.EnumerateObject())
        {
            var text = label.Value.ValueKind == JsonValueKind.String ? label.Value.GetString()! : null;
            if (label.Name.Length is > 0 and <= 63 && text is { Length: <= VmLimits.LabelLength } && !(label.Name + text).Any(IsUnwritable)
                && IsWhole(label.Name) && IsWhole(text))
            {
                labels[label.Name] = text;
            }
            else
            {
                Fault($"{Path}.{name}['{SafeText.Line(label.Name, ShownLength)}']", Shown(label.Value),
                    $"a name of 1 to 63 and a text of up to {VmLimits.LabelLength} printable characters", "Shorten or correct it.");
            }
        }

        if (labels.Count > VmLimits.Labels)
        {
            Fault($"{Path}.{name}", $"{labels.Count} members", $"at most {VmLimits.Labels}", "Remove some.");
        }

        return labels;
    }

    /// <summary>Reports the members that nobody asked for.</summary>
    public void Close()
    {
        if (_element.ValueKind != JsonValueKind.Object) return;
        foreach (var member in _element.EnumerateObject().Where(member => !_known.Contains(member.Name)))
        {
            var nearest = Nearest(member.Name, _known);
            Fault($"{Path}.{SafeText.Line(member.Name, ShownLength)}", "an unknown member",
                "one of " + string.Join(", ", _known.Order(StringComparer.Ordinal)),
                nearest is null ? "Remove it." : $"Did you mean \"{nearest}\"?");
        }
    }

    public void Fault(string subject, string found, string expected, string advice) =>
        _faults.Add(new VmFault(subject, found, expected, advice));

    public static string SizeText(long bytes)
    {
        foreach (var (unit, shift) in Units.Reverse())
        {
            if (bytes >> shift > 0 && bytes % (1L << shift) == 0) return (bytes >> shift).ToString(CultureInfo.InvariantCulture) + unit;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes");
    }

    // Null when nothing is near enough to be a slip of the finger.
    internal static string? Nearest(string name, IEnumerable<string> known) =>
        known.Select(candidate => (candidate, distance: VmWords.Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant())))
            .Where(pair => pair.distance <= Math.Max(1, pair.candidate.Length / 3))
            .OrderBy(pair => pair.distance).ThenBy(pair => pair.candidate[0] == name.FirstOrDefault() ? 0 : 1)
            .ThenBy(pair => pair.candidate, StringComparer.Ordinal)
            .Select(pair => pair.candidate).FirstOrDefault();

    private static T ReadChild<T>(JsonElement value, string path, List<VmFault> faults, Func<VmJsonObject, T> read)
    {
        var child = new VmJsonObject(value, path, faults);
        var result = read(child);
        child.Close();
        return result;
    }

    private T? ReadChild<T>(JsonElement value, string path, Func<VmJsonObject, T> read)
        where T : class
    {
        if (value.ValueKind == JsonValueKind.Object) return ReadChild(value, path, _faults, read);
        Fault(path, Shown(value), "a JSON object", "Write { ... } here.");
        return null;
    }

    private List<JsonElement>? Array(string name, int limit, string of)
    {
        if (Find(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Array) return Wrong<List<JsonElement>>(name, value, $"a list of {of}", "Write [ ... ] here.");
        var items = value.EnumerateArray().Take(limit + 1).ToList();
        if (items.Count <= limit) return items;
        Fault($"{Path}.{name}", $"{value.GetArrayLength()} items", $"at most {limit}", "Remove some.");
        return [.. items.Take(limit)];
    }

    private JsonElement? Find(string name, bool required = false, string expected = "")
    {
        _known.Add(name);
        if (_element.ValueKind == JsonValueKind.Object && _element.TryGetProperty(name, out var value)
            && value.ValueKind != JsonValueKind.Null)
        {
            return value;
        }

        if (required && _element.ValueKind == JsonValueKind.Object) Fault($"{Path}.{name}", "nothing", expected, "Add the member.");
        return null;
    }

    private T? Wrong<T>(string name, JsonElement value, string expected, string advice)
    {
        Fault($"{Path}.{name}", Shown(value), expected, advice);
        return default;
    }

    private static bool IsUnwritable(char c) => char.IsControl(c) || c is '\uFFFE' or '\uFFFF';

    // XML cannot carry half characters, and GetString does not refuse them.
    private static bool IsWhole(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '\uFFFE' or '\uFFFF') return false;
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 >= text.Length || !char.IsLowSurrogate(text[i + 1])) return false;
            i++;
        }

        return true;
    }

    private static long? ParseSize(string text)
    {
        foreach (var (unit, shift) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && long.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number <= long.MaxValue >> shift)
            {
                return number << shift;
            }
        }

        return null;
    }

    private static string Shown(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => $"a list of {value.GetArrayLength()}",
        JsonValueKind.String => $"\"{SafeText.Line(value.GetString(), ShownLength)}\"",
        JsonValueKind.Undefined => "nothing",
        _ => SafeText.Line(value.GetRawText(), ShownLength),
    };
}
