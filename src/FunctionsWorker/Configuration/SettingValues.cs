using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>Reads single settings strictly. A faulty one is added to the faults, and the default stands in.</summary>
internal sealed class SettingValues(IConfiguration configuration, List<string> faults)
{
    public int Number(string name, int fallback, int min, int max, string unit) =>
        Read(
            name,
            fallback,
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max
                ? value
                : null,
            $"a number of {unit} from {min} to {max}");

    public TimeSpan Duration(string name, TimeSpan fallback, TimeSpan min, TimeSpan max) =>
        Read(
            name,
            fallback,
            text => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan value) && value >= min && value <= max
                ? value
                : null,
            $"a time as \"hh:mm:ss\" from {min:c} to {max:c}");

    public T Choice<T>(string name, T fallback)
        where T : struct, Enum =>
        Read(
            name,
            fallback,
            static text => Enum.TryParse(text, ignoreCase: true, out T value) && !char.IsAsciiDigit(text[0]) ? value : null,
            "one of " + string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant());

    /// <summary>Several values with <c>,</c>, <c>;</c> or blanks between them.</summary>
    public IReadOnlyList<T> List<T>(string name, Func<string, T?> parse, string expected)
        where T : class
    {
        string[] texts = (configuration[name] ?? "").Split(
            [',', ';', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var values = new List<T>();
        foreach (string text in texts)
        {
            if (parse(text) is { } value)
            {
                values.Add(value);
            }
            else
            {
                Fault(name, text, expected);
            }
        }

        return values;
    }

    private T Read<T>(string name, T fallback, Func<string, T?> parse, string expected)
        where T : struct
    {
        if (configuration[name] is not { Length: > 0 } text)
        {
            return fallback;
        }

        if (parse(text) is { } value)
        {
            return value;
        }

        Fault(name, text, expected);
        return fallback;
    }

    private void Fault(string name, string text, string expected) => faults.Add($"setting {name}: is '{text}', expected {expected}");
}
