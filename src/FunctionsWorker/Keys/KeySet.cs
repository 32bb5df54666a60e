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
    private const int MinLength = 16;

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
        foreach (IConfigurationSection setting in section.AsEnumerable()
            .Where(static s => s.Value is { Length: > 0 and < MinLength })
            .Select(s => configuration.GetSection(s.Key)))
        {
            faults.Add($"setting {setting.Path}: has {setting.Value!.Length} characters, expected at least {MinLength}");
        }

        return keys;
    }

    /// <summary>These keys, and those of <paramref name="other"/> where these have none.</summary>
    public KeySet Or(KeySet other) => this with
    {
        Master = Master ?? other.Master,
        Host = Host.Count > 0 ? Host : other.Host,
        System = System.Count > 0 ? System : other.System,
    };

    /// <summary>A master key, a host key and a key for the management API: without one of them something is out of reach.</summary>
    public bool IsComplete => Master is not null && Host.Count > 0 && System.ContainsKey(KeyRing.DurableTaskSystemKey);

    private static Dictionary<string, string> Named(IConfigurationSection section) => section.GetChildren()
        .Where(static k => !string.IsNullOrEmpty(k.Value))
        .ToDictionary(static k => k.Key, static k => k.Value!, StringComparer.OrdinalIgnoreCase);
}
