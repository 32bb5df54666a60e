using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>Replaces <c>%NAME%</c> in attributes, and in the name of the task hub, by the setting of that name.</summary>
internal static partial class SettingReferences
{
    /// <param name="text">What an attribute says; null when it was given null, which is no name of anything.</param>
    public static string Resolve(string? text, IConfiguration configuration, string where, List<string> faults) =>
        Reference().Replace(text ?? "", match =>
        {
            string name = match.Groups[1].Value;
            string? value = configuration[name];
            if (value is null)
            {
                faults.Add($"{where}: refers to setting '{name}', which is not set; set it in local.settings.json or the environment");
            }

            return value ?? "";
        });

    /// <summary>A connection string by the name of its setting: plain, or under ConnectionStrings. Null when it is nowhere.</summary>
    public static string? Connection(IConfiguration configuration, string name) =>
        NonEmpty(configuration[name]) ?? NonEmpty(configuration.GetConnectionString(name))
            ?? NonEmpty(configuration["AzureWebJobs" + name]);

    public static bool IsDisabled(IConfiguration configuration, string function, string where, List<string> faults)
    {
        // The second spelling is for shells, which cannot export a name with dots.
        string[] names = [$"AzureWebJobs.{function}.Disabled", $"AzureWebJobs_{function}_Disabled"];
        string? found = names.FirstOrDefault(n => configuration[n] is { Length: > 0 });
        switch (found is null ? "false" : configuration[found]!.ToLowerInvariant())
        {
            case "true" or "1":
                return true;
            case "false" or "0":
                return false;
            default:
                faults.Add($"{where}: setting {found} is '{configuration[found!]}', expected true or false");
                return false;
        }
    }

    private static string? NonEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;

    [GeneratedRegex("%([^%]+)%")]
    private static partial Regex Reference();
}
