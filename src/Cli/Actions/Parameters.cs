using System.CommandLine;
using System.Text.Json.Nodes;

namespace Heal.Cli;

/// <summary>Parameters of an action, as --set name=value.</summary>
internal static class Parameters
{
    public static Option<string[]> Option(string description) => new("--set")
    {
        Description = description, HelpName = "NAME=VALUE", DefaultValueFactory = _ => [],
    };

    /// <exception cref="HealException">One is no pair, or a name comes twice.</exception>
    public static JsonObject Read(string[]? pairs)
    {
        var parameters = new JsonObject();
        foreach (string pair in pairs ?? [])
        {
            string[] parts = pair.Split('=', 2);
            if (parts.Length < 2 || parts[0].Length == 0)
            {
                throw HealException.Usage($"--set has '{Plain.Line(pair)}', expected NAME=VALUE", "For example --set by=2.");
            }

            if (!parameters.TryAdd(parts[0], JsonValue.Create(parts[1])))
            {
                throw HealException.Usage($"--set has '{Plain.Line(parts[0])}' twice, expected each name once", "Leave one out.");
            }
        }

        return parameters;
    }
}
