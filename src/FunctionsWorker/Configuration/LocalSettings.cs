using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Configuration.Memory;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>
/// Lays local.settings.json (its <c>Values</c>, <c>ConnectionStrings</c>, and of <c>Host</c> port and CORS) under the user secrets,
/// the environment variables and the command line, and the host's defaults under everything. <c>--port</c> of the command line, which
/// launch profiles of function apps have, stands for the port.
/// </summary>
internal static class LocalSettings
{
    public const string DefaultUrl = "http://127.0.0.1:7071";

    private static readonly string[] Known =
        ["IsEncrypted", "Values", "ConnectionStrings", "Host", "LocalHttpPort", "CORS", "CORSCredentials"];

    public static void AddTo(IConfigurationBuilder configuration, string? path, List<string> faults)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        if (path is not null)
        {
            Read(path, values, faults);
        }

        IEnumerable<string?> ports = configuration.Sources.OfType<CommandLineConfigurationSource>().Select(PortOf);
        if (ports.LastOrDefault(static p => p is not null) is { } port)
        {
            AddPort("command line", "--port", port, values, faults);
        }

        IList<IConfigurationSource> sources = configuration.Sources;
        // Under the user's secrets too: local.settings.json often has an example's value where a secret belongs.
        int environment = sources.ToList().FindLastIndex(static s => s is JsonConfigurationSource { Path: "secrets.json" });
        if (environment < 0)
        {
            environment = sources.ToList().FindLastIndex(static s => s is EnvironmentVariablesConfigurationSource { Prefix: null or "" });
        }

        // "urls" lies under everything: ASPNETCORE_URLS enters as a source of its own, below the plain environment.
        var defaults = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["urls"] = values.GetValueOrDefault("urls") ?? DefaultUrl,
            // Each logs a line per request or statement, which buries what the functions say.
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            ["Logging:LogLevel:Npgsql"] = "Warning",
        };
        values.Remove("urls");
        sources.Insert(environment < 0 ? sources.Count : environment, new MemoryConfigurationSource { InitialData = values });
        sources.Insert(0, new MemoryConfigurationSource { InitialData = defaults });
    }

    // The tools for Azure take them in any letter case.
    private static string KnownName(string name) =>
        Known.FirstOrDefault(known => string.Equals(known, name, StringComparison.OrdinalIgnoreCase)) ?? name;

    private static void Read(string path, Dictionary<string, string?> values, List<string> faults)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(
                File.ReadAllBytes(path), new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            foreach (JsonProperty section in json.RootElement.EnumerateObject())
            {
                Read(path, section, values, faults);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            faults.Add($"{path}: is not a JSON object: {exception.Message}");
        }
    }

    private static void Read(string path, JsonProperty section, Dictionary<string, string?> values, List<string> faults)
    {
        switch (KnownName(section.Name))
        {
            case "IsEncrypted" when section.Value.ValueKind == JsonValueKind.True:
                faults.Add($"{path} at $.IsEncrypted: is true, expected false: this host does not decrypt settings");
                break;
            case "IsEncrypted":
                break;
            case "Values" or "ConnectionStrings" when section.Value.ValueKind == JsonValueKind.Object:
                string prefix = KnownName(section.Name) == "Values" ? "" : "ConnectionStrings:";
                foreach (JsonProperty setting in section.Value.EnumerateObject())
                {
                    AddSetting(path, section.Name, prefix, setting, values, faults);
                }

                break;
            case "Host" when section.Value.ValueKind == JsonValueKind.Object:
                foreach (JsonProperty setting in section.Value.EnumerateObject())
                {
                    AddOfHost(path, setting, values, faults);
                }

                break;
            default:
                faults.Add($"{path} at $.{section.Name}: is unknown or of the wrong type, "
                    + "expected the objects Values, ConnectionStrings and Host");
                break;
        }
    }

    private static void AddSetting(
        string path, string section, string prefix, JsonProperty setting, Dictionary<string, string?> values, List<string> faults)
    {
        if (setting.Value.ValueKind != JsonValueKind.String)
        {
            // The value itself may be a secret: say its type only.
            faults.Add($"{path} at $.{section}.{setting.Name}: is a {setting.Value.ValueKind}, expected a string");
            return;
        }

        values[prefix + setting.Name.Replace("__", ":", StringComparison.Ordinal)] = setting.Value.GetString();
    }

    private static void AddOfHost(string path, JsonProperty setting, Dictionary<string, string?> values, List<string> faults)
    {
        switch (KnownName(setting.Name), setting.Value.ValueKind)
        {
            case ("LocalHttpPort", _):
                AddPort(path, "$.Host.LocalHttpPort", setting.Value.GetRawText(), values, faults);
                break;
            case ("CORS", JsonValueKind.String):
                values.TryAdd(CorsSettings.OriginsSetting, setting.Value.GetString());
                break;
            case ("CORSCredentials", JsonValueKind.True or JsonValueKind.False):
                values.TryAdd(CorsSettings.CredentialsSetting, setting.Value.GetBoolean() ? "true" : "false");
                break;
            case ("CORS" or "CORSCredentials", _):
                faults.Add($"{path} at $.Host.{setting.Name}: is {setting.Value.GetRawText()}, expected "
                    + (KnownName(setting.Name) == "CORS" ? "a string, such as \"*\" or \"http://localhost:3000\"" : "true or false"));
                break;
            default:
                // Other tools have theirs here.
                break;
        }
    }

    private static string? PortOf(CommandLineConfigurationSource source)
    {
        var provider = new CommandLineConfigurationProvider(source.Args, source.SwitchMappings);
        provider.Load();
        return provider.TryGet("port", out string? port) ? port : null;
    }

    private static void AddPort(string file, string where, string port, Dictionary<string, string?> values, List<string> faults)
    {
        if (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= 65535)
        {
            values["urls"] = $"http://127.0.0.1:{number}";
            return;
        }

        faults.Add($"{file} at {where}: is {port}, expected a number from 1 to 65535");
    }
}
