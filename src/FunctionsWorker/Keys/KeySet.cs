using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>Keys by name. Holds secrets: do not log, do not print.</summary>
internal sealed record KeySet
{
    public string? Master { get; init; }

    public IReadOnlyDictionary<string, string> Host { get; init; } = Nothing;

    public IReadOnlyDictionary<string, string> System { get; init; } = Nothing;

    /// <summary>Function, then key name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Functions { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.OrdinalIgnoreCase);

    private static Dictionary<string, string> Nothing => new(StringComparer.OrdinalIgnoreCase);

    private const string Section = "AzureFunctionsKeys";

    /// <summary>Of a key that somebody chose. Characters.</summary>
    public const int MinLength = 16;

    /// <summary>The keys that are configured under <c>AzureFunctionsKeys</c>. Too short a key is a fault; its text is not
    /// repeated.</summary>
    public static KeySet FromConfiguration(IConfiguration configuration, List<string> faults)
    {
        IConfigurationSection section = configuration.GetSection(Section);
        var keys = new KeySet
        {
            Master = section["master"] is { Length: > 0 } master ? master : null,
            Host = Named(section.GetSection("host")),
            System = Named(section.GetSection("system")),
            Functions = section.GetSection("functions").GetChildren().ToDictionary(
                static f => f.Key, static f => (IReadOnlyDictionary<string, string>)Named(f), StringComparer.OrdinalIgnoreCase),
        };
        foreach ((string path, string? value) in section.AsEnumerable())
        {
            if (value is { Length: > 0 and < MinLength } or { Length: > KeyRing.MaxLength })
            {
                faults.Add($"setting {path}: has {value.Length} characters, expected {MinLength} to {KeyRing.MaxLength}");
            }
        }

        return keys;
    }

    /// <summary>Every key with its name.</summary>
    public IEnumerable<(KeyId Id, string Value)> All() =>
    [
        .. Master is null ? [] : new[] { (KeyId.Master, Master) },
        .. Host.Select(static key => (new KeyId(KeyKind.Host, "", key.Key), key.Value)),
        .. System.Select(static key => (OfSystem(key.Key), key.Value)),
        .. Functions.SelectMany(static function => function.Value.Select(
            key => (new KeyId(KeyKind.Function, function.Key, key.Key), key.Value))),
    ];

    /// <summary>Whether a key of that name is among these.</summary>
    public bool Has(KeyId id) => All().Any(key => key.Id == id);

    // The host looks for its own key by its name as it stands; environment variables are often in capitals.
    private static KeyId OfSystem(string name) => string.Equals(name, KeyId.DurableTaskName, StringComparison.OrdinalIgnoreCase)
        ? KeyId.DurableTask
        : new(KeyKind.System, "", name);

    private static Dictionary<string, string> Named(IConfigurationSection section) => section.GetChildren()
        .Where(static k => !string.IsNullOrEmpty(k.Value))
        .ToDictionary(static k => k.Key, static k => k.Value!, StringComparer.OrdinalIgnoreCase);
}
