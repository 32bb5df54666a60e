using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>
/// The text of host.json with the settings <c>AzureFunctionsJobHost:{path}</c> laid over it, and the faults found in either.
/// </summary>
internal sealed class HostJsonSource
{
    private const string OverrideSection = "AzureFunctionsJobHost";

    private readonly HashSet<string> _overridden = new(StringComparer.OrdinalIgnoreCase);
    private readonly string _file;
    private readonly IConfiguration _settings;
    private readonly List<string> _faults;

    internal HostJsonSource(string file, IConfiguration settings, List<string> faults)
    {
        _file = file;
        _settings = settings;
        _faults = faults;
    }

    /// <summary>Null when there is no file.</summary>
    public string? Path { get; private init; }

    public JsonObject Json { get; private set; } = [];

    /// <summary>
    /// JSON schema of each value that the reader asks for, by path; what host.schema.json is made of. Null: nobody wants to know.
    /// </summary>
    public Dictionary<string, JsonObject>? Asked { get; init; }

    /// <summary>The later word about a path stands.</summary>
    public void Note(string path, Func<JsonObject> schema)
    {
        if (Asked is not null)
        {
            Asked[path] = schema();
        }
    }

    public static HostJsonSource Read(string? path, IConfiguration configuration, List<string> faults)
    {
        var source = new HostJsonSource(path ?? "host.json (there is none)", configuration, faults) { Path = path };
        if (path is not null)
        {
            source.Parse(File.ReadAllBytes(path));
        }

        source.Override(source.Json, configuration.GetSection(OverrideSection), "$");
        return source;
    }

    public bool IsOverridden(string path) => _overridden.Contains(path);

    public void Fault(string path, string found, string expected)
    {
        _faults.Add($"{Where(path)}: {found}, expected {expected}");
    }

    /// <summary>The text with the settings that it refers to; null when one is not set, which is a fault then.</summary>
    public string? Resolve(string path, string text)
    {
        int before = _faults.Count;
        string resolved = SettingReferences.Resolve(text, _settings, Where(path), _faults);
        return _faults.Count == before ? resolved : null;
    }

    private string Where(string path)
    {
        string setting = OverrideSection + path[1..].Replace(".", "__", StringComparison.Ordinal);
        return IsOverridden(path) ? $"setting {setting}" : $"{_file} at {path}";
    }

    private void Parse(byte[] text)
    {
        var options = new JsonDocumentOptions
        {
            CommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
            AllowDuplicateProperties = false,
        };
        try
        {
            JsonNode? node = JsonNode.Parse(text, documentOptions: options);
            Json = node as JsonObject ?? [];
            if (node is not JsonObject)
            {
                Fault("$", "is not an object", "an object");
            }
        }
        catch (JsonException exception)
        {
            _faults.Add($"{_file}: is not JSON: {exception.Message}");
        }
    }

    private void Override(JsonObject target, IConfigurationSection settings, string path)
    {
        foreach (IConfigurationSection setting in settings.GetChildren())
        {
            string name = target.Select(static p => p.Key)
                .FirstOrDefault(k => string.Equals(k, setting.Key, StringComparison.OrdinalIgnoreCase)) ?? setting.Key;
            if (setting.Value is not null)
            {
                _overridden.Add($"{path}.{name}");
                target[name] = setting.Value;
                continue;
            }

            if (target[name] is not JsonObject inner)
            {
                target[name] = inner = [];
            }

            Override(inner, setting, $"{path}.{name}");
        }
    }
}
