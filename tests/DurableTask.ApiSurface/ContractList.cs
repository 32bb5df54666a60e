using System.Text.RegularExpressions;

namespace Heal.DurableTask.ApiSurface.Tests;

/// <summary>A checked-in list of the contract: lines "namespace N", a type's declaration, and below it its members, indented.</summary>
internal static partial class ContractList
{
    /// <summary>The lines of a list in the form of <see cref="PublicApi"/>: "type | declaration or member".</summary>
    public static IEnumerable<string> Read(string name)
    {
        string space = "";
        string owner = "";
        foreach (string line in LinesOf($"{name}.txt"))
        {
            if (line.StartsWith("namespace ", StringComparison.Ordinal))
            {
                space = line["namespace ".Length..];
            }
            else if (line.StartsWith("  ", StringComparison.Ordinal))
            {
                yield return $"{owner} | {line.Trim()}";
            }
            else
            {
                owner = $"{space}.{NameOf(line)}";
                yield return $"{owner} | {WithBasesInOrder(line)}";
            }
        }
    }

    public static IEnumerable<string> LinesOf(string resource)
    {
        using Stream stream = typeof(ContractList).Assembly.GetManifestResourceStream(resource)
            ?? throw new FileNotFoundException($"The list '{resource}' is not in the test assembly.");
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n').Where(line => line.Trim().Length > 0 && line[0] != '#')];
    }

    /// <summary>Bases have no order that reflection could tell: both sides sort them.</summary>
    private static string WithBasesInOrder(string declaration)
    {
        string[] parts = declaration.Split(" : ");
        return parts.Length < 2 ? declaration
            : $"{parts[0]} : {string.Join(", ", parts[1].Split(", ").Order(StringComparer.Ordinal))}";
    }

    private static string NameOf(string declaration) => Declaration().Match(declaration) is { Success: true } found
        ? found.Groups["name"].Value
        : throw new FormatException($"Not a declaration: '{declaration}'.");

    [GeneratedRegex(
        @"^(?:(?:static|sealed|abstract) )?(?:(?:class|struct|interface|enum|record) |delegate (?:[\w.]+(?:<[^(]*>)?\??) )"
        + @"(?<name>[\w.]+(?:<[^>]*>)?)",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Declaration();
}
