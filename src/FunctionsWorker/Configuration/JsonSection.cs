using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>
/// Reads one object of host.json strictly: each value has a type and a range, and what was never asked for is unknown, so a fault.
/// Faults are collected with their JSON path; the default stands in, so that reading can go on and find them all.
/// </summary>
internal sealed class JsonSection(JsonObject? json, string path, HostJsonSource source)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _ignored = new(StringComparer.OrdinalIgnoreCase);

    public JsonSection Section(string name)
    {
        JsonNode? node = Take(name);
        if (node is not null and not JsonObject)
        {
            Fault(name, node, "an object");
        }

        return new(node as JsonObject, PathOf(name), source);
    }

    public string Text(string name, string fallback, Func<string, bool> isValid, string expected)
    {
        source.Note(PathOf(name), () => HostJsonSchema.Text(fallback, expected));
        return Read(name, fallback, node => node.GetValueKind() == JsonValueKind.String && isValid(node.GetValue<string>())
            ? node.GetValue<string>()
            : null, expected);
    }

    /// <summary>A text in which <c>%NAME%</c> stands for the setting of that name; what comes of it is judged.</summary>
    public string Reference(string name, string fallback, Func<string, bool> isValid, string expected)
    {
        source.Note(PathOf(name), () => HostJsonSchema.Text(fallback, expected));
        JsonNode? node = Take(name);
        if (node is null)
        {
            return fallback;
        }

        string text = node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : "";
        string? value = source.Resolve(PathOf(name), text);
        if (value is null || isValid(value))
        {
            return value ?? fallback;
        }

        string meaning = value == text ? "" : $", which stands for '{value}'";
        source.Fault(PathOf(name), $"is {node.ToJsonString()}{meaning}", expected);
        return fallback;
    }

    public int Number(string name, int fallback, int min, int max)
    {
        int value = Number(name, min, max) ?? fallback;
        source.Note(PathOf(name), () => HostJsonSchema.Number(min, max, fallback));
        return value;
    }

    public int? Number(string name, int min, int max)
    {
        source.Note(PathOf(name), () => HostJsonSchema.Number(min, max));
        string? text = Read(name, null, node => IntegerText(node, name, min, max), $"a whole number from {min} to {max}");
        return text is null ? null : int.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>A flag that this host can have in one way only.</summary>
    public void Require(string name, bool allowed, string because)
    {
        string only = allowed ? "true" : "false";
        source.Note(PathOf(name), () => HostJsonSchema.Only(allowed, because));
        Read(name, null, node => FlagText(name, node) == only ? only : null, $"{only}, or nothing: {because}");
    }

    public TimeSpan Duration(string name, TimeSpan fallback, TimeSpan min, TimeSpan max)
    {
        TimeSpan value = Duration(name, min, max) ?? fallback;
        source.Note(PathOf(name), () => HostJsonSchema.Duration(min, max, fallback));
        return value;
    }

    public TimeSpan? Duration(string name, TimeSpan min, TimeSpan max)
    {
        source.Note(PathOf(name), () => HostJsonSchema.Duration(min, max));
        string? text = Read(
            name,
            null,
            node => node.GetValueKind() == JsonValueKind.String
                && TimeSpan.TryParse(node.GetValue<string>(), CultureInfo.InvariantCulture, out TimeSpan value)
                && value >= min && value <= max ? node.GetValue<string>() : null,
            $"a time as \"hh:mm:ss\" from {min:c} to {max:c}");
        return text is null ? null : TimeSpan.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <param name="because">Why it is one of these, and what to do about it; said when it is another one.</param>
    public T Choice<T>(string name, T fallback, string because = "")
        where T : struct, Enum
    {
        string expected = "one of " + string.Join(", ", Enum.GetNames<T>()) + because;
        string text = Text(
            name, fallback.ToString(), static t => Enum.TryParse(t, ignoreCase: true, out T _) && !char.IsAsciiDigit(t[0]), expected);
        source.Note(PathOf(name), () => HostJsonSchema.Choice(Enum.GetNames<T>(), fallback.ToString()));
        return Enum.Parse<T>(text, ignoreCase: true);
    }

    /// <summary>A whole number; null for -1, which is the default and means no limit.</summary>
    public int? NumberOrNone(string name, int min, int max)
    {
        source.Note(PathOf(name), () => HostJsonSchema.NumberOrNone(min, max));
        string? text = Read(
            name, null, node => IntegerText(node, name, -1, -1) ?? IntegerText(node, name, min, max),
            $"a whole number from {min} to {max}, or -1 for no limit");
        return text is null or "-1" ? null : int.Parse(text, CultureInfo.InvariantCulture);
    }

    public bool Flag(string name, bool fallback)
    {
        source.Note(PathOf(name), () => HostJsonSchema.Flag(fallback));
        return Read(name, fallback ? "true" : "false", node => FlagText(name, node), "true or false") == "true";
    }

    /// <summary>A number above 0 and up to 1.</summary>
    public double Share(string name, double fallback)
    {
        source.Note(PathOf(name), () => HostJsonSchema.Share(fallback));
        string? text = Read(
            name,
            null,
            node => (node.GetValueKind() == JsonValueKind.Number || source.IsOverridden(PathOf(name)))
                && double.TryParse(node.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                && value is > 0 and <= 1
                ? node.ToString()
                : null,
            "a number above 0 and up to 1");
        return text is null ? fallback : double.Parse(text, CultureInfo.InvariantCulture);
    }

    public IReadOnlyDictionary<string, string> Texts(
        Func<string, bool> isValid, string expected, Func<string, bool>? isName = null)
    {
        string[] names = json is null ? [] : [.. json.Select(static p => p.Key)];
        source.Note(path, () => HostJsonSchema.MapOf(HostJsonSchema.Text(fallback: null, expected)));
        foreach (string name in names.Where(n => isName?.Invoke(n) == false))
        {
            source.Fault(PathOf(name), "has a name that cannot be one", "the name of an HTTP header");
        }

        return names.ToDictionary(static n => n, n => Text(n, "", isValid, expected), StringComparer.Ordinal);
    }

    /// <summary>An array of texts; settings that override it give it as an object of numbered ones.</summary>
    /// <param name="isUsed">When nothing reads it, it is no fault either: an application may carry one host.json for several hosts.</param>
    public IReadOnlyList<string> TextList(string name, Func<string, bool> isValid, string expected, bool isUsed)
    {
        source.Note(PathOf(name), () => HostJsonSchema.ListOf(HostJsonSchema.Text(fallback: null, expected)));
        JsonNode? node = Take(name);
        if (!isUsed)
        {
            return [];
        }

        bool isNumbered = node is JsonObject numbered && numbered.All(static item => int.TryParse(item.Key, out _));
        IEnumerable<JsonNode?> items = node as JsonArray ?? (isNumbered ? node!.AsObject().Select(static item => item.Value) : []);
        string?[] texts = [.. items.Select(static item =>
            item?.GetValueKind() == JsonValueKind.String ? item.GetValue<string>() : null)];
        if (!(node is null or JsonArray || isNumbered) || Array.Exists(texts, text => text is null || !isValid(text)))
        {
            Fault(name, node!, $"an array, each of it {expected}");
            return [];
        }

        return texts!;
    }

    /// <summary>All properties, each a whole number.</summary>
    public IReadOnlyDictionary<string, int> Numbers(int min, int max)
    {
        string[] names = json is null ? [] : [.. json.Select(static p => p.Key)];
        source.Note(path, () => HostJsonSchema.MapOf(HostJsonSchema.Number(min, max)));
        return names.ToDictionary(static n => n, n => Number(n, min, min, max), StringComparer.Ordinal);
    }

    /// <summary>Takes note of properties that are known but mean nothing to this host.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (_known.Add(name))
            {
                _ignored.Add(name);
                source.Note(PathOf(name), () => HostJsonSchema.Ignored());
            }
        }
    }

    /// <summary>Reports every property that nobody asked for.</summary>
    /// <param name="expected">What was expected instead; by default, any of those that have an effect here.</param>
    public void Done(string? expected = null)
    {
        expected ??= "one of " + string.Join(", ", _known.Except(_ignored, StringComparer.Ordinal).Order(StringComparer.Ordinal));
        foreach (string unknown in json?.Select(static p => p.Key).Where(k => !_known.Contains(k)) ?? [])
        {
            source.Fault(PathOf(unknown), "is unknown", expected);
        }
    }

    private string? FlagText(string name, JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        // A setting laid over the file is a text; as elsewhere in .NET, letter case is free.
        JsonValueKind.String when source.IsOverridden(PathOf(name)) && bool.TryParse(node.GetValue<string>(), out bool flag) =>
            flag ? "true" : "false",
        _ => null,
    };

    private string? IntegerText(JsonNode node, string name, int min, int max)
    {
        bool mayBeText = source.IsOverridden(PathOf(name));
        string text = node.GetValueKind() switch
        {
            JsonValueKind.Number => node.ToJsonString(),
            JsonValueKind.String when mayBeText => node.GetValue<string>(),
            _ => "",
        };
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= min
            && value <= max
            ? text
            : null;
    }

    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(fallback))]
    private string? Read(string name, string? fallback, Func<JsonNode, string?> parse, string expected)
    {
        JsonNode? node = Take(name);
        if (node is null)
        {
            return fallback;
        }

        string? value = parse(node);
        if (value is null)
        {
            Fault(name, node, expected);
        }

        return value ?? fallback;
    }

    private JsonNode? Take(string name)
    {
        _known.Add(name);
        return json?.FirstOrDefault(p => string.Equals(p.Key, name, StringComparison.OrdinalIgnoreCase)).Value;
    }

    private void Fault(string name, JsonNode node, string expected) => source.Fault(PathOf(name), "is " + node.ToJsonString(), expected);

    private string PathOf(string name) => $"{path}.{name}";
}
