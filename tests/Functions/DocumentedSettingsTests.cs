using System.Reflection;
using System.Text.RegularExpressions;
using Heal.Activities;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Libvirt;

namespace Heal.Functions.Tests;

/// <summary>
/// Every setting below <c>Heal</c> that the program reads has a row in a table of the documentation, and every one that the documentation
/// names is read. In paths, <c>*</c> stands for what the user names or numbers.
/// </summary>
public sealed partial class DocumentedSettingsTests
{
    private static readonly string Root = FindRoot();

    private static readonly string[] Pages =
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Where(file => !file.Contains("decisions", StringComparison.Ordinal))
            .Append(Path.Combine(Root, "README.md")).Append(Path.Combine(Root, "workflows", "README.md")),
    ];

    private static readonly Type[] Plainly = [typeof(string), typeof(TimeSpan), typeof(Uri)];

    // What is read without a class of its own.
    private static readonly string[] Alone = ["Heal:Kubernetes:Target"];

    private static readonly string[] InCode =
    [
        .. new[] { typeof(HealOptions).Assembly, typeof(Watches.WatchSettings).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .Select(type => (type, Section: type.GetField("Section", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as string))
            .Where(item => item.Section?.Split(':')[0] == "Heal")
            .SelectMany(item => Settings(item.type, item.Section!))
            .Concat(Settings(typeof(LibvirtOptions), "Heal:Libvirt"))
            .Concat(Settings(typeof(KubernetesClientOptions), "Heal:Kubernetes"))
            .Concat(Alone).Distinct().Order(StringComparer.Ordinal),
    ];

    [Fact]
    public void Every_setting_has_a_row()
    {
        string[] rows = [.. Pages.SelectMany(Rows)];
        AssertNone(InCode.Where(setting => !rows.Any(row => Fits(setting, row))));
    }

    [Fact]
    public void Every_row_is_of_a_setting() => AssertNone(
        Pages.SelectMany(Rows).Where(row => !InCode.Any(setting => Fits(setting, row) || IsSection(row, setting))));

    [Fact]
    public void Every_setting_that_a_text_or_a_file_names_is_read()
    {
        string[] files =
        [
            .. Pages,
            .. new[] { "deploy", "eng", "samples", "workflows" }.SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(Root, folder), "*", SearchOption.AllDirectories))
                .Where(file => !file.Contains("node_modules", StringComparison.Ordinal)
                    && !file.Contains("/bin/", StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal)),
        ];
        AssertNone(
            from file in files
            from match in Mention().Matches(File.ReadAllText(file))
            let name = Plain(match.Value.Replace("__", ":", StringComparison.Ordinal))
            where !InCode.Any(setting => Fits(setting, name) || IsSection(name, setting))
            select $"{Path.GetRelativePath(Root, file)}: {match.Value}");
    }

    private static void AssertNone(IEnumerable<string> findings)
    {
        string[] all = [.. findings.Distinct().Order(StringComparer.Ordinal)];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }

    /// <summary>The settings that a class binds, below a section.</summary>
    private static IEnumerable<string> Settings(Type type, string path)
    {
        Type value = Nullable.GetUnderlyingType(type) ?? type;
        if (value.IsPrimitive || value.IsEnum || Plainly.Contains(value)) return [path];
        if (value.IsGenericType && typeof(System.Collections.IEnumerable).IsAssignableFrom(value))
        {
            return Settings(value.GetGenericArguments()[^1], $"{path}:*");
        }

        return value.GetProperties().Where(property => property.SetMethod is { IsPublic: true } || property.PropertyType.IsGenericType)
            .SelectMany(property => Settings(property.PropertyType, $"{path}:{property.Name}"));
    }

    /// <summary>
    /// The settings of a page's tables: those in the first cell, below the section that the text before the table, or its head, names. A
    /// name that begins with a colon takes the place of the last part of the one before it.
    /// </summary>
    private static IEnumerable<string> Rows(string page)
    {
        string section = "", below = "";
        foreach (string line in File.ReadAllLines(page))
        {
            if (Below().Match(line) is { Success: true } match)
            {
                string named = match.Groups["section"].Value;
                (section, below) = named.StartsWith("Heal:", StringComparison.Ordinal) ? (named, named) : (section, $"{section}:{named}");
            }

            if (line.StartsWith("## ", StringComparison.Ordinal)) below = "";
            if (!line.StartsWith("| `", StringComparison.Ordinal)) continue;
            string last = "";
            foreach (Match name in Quoted().Matches(line.Split('|')[1]))
            {
                string text = name.Groups["text"].Value;
                if (text.Contains(": ", StringComparison.Ordinal)) continue; // a message of the program's
                last = text[0] == ':' ? (last.Length > 0 ? last[..last.LastIndexOf(':')] + text : "")
                    : text.StartsWith("Heal:", StringComparison.Ordinal) ? text
                    : section.Length > 0 && below.Length > 0 ? $"{below}:{text}" : "";
                if (last.Length > 0) yield return Plain(last);
            }
        }
    }

    /// <summary>Without what only shows that something stands for more.</summary>
    private static string Plain(string name) => string.Join(':', name.TrimEnd('.', ':', '*').Split(':').Select(part =>
        part.Contains('<', StringComparison.Ordinal) || part is "NAME" || part.All(char.IsAsciiDigit) ? "*" : part));

    private static bool Fits(string setting, string name)
    {
        string[] wanted = setting.Split(':'), got = name.Split(':');
        return wanted.Length == got.Length
            && wanted.Zip(got).All(pair => pair.First == pair.Second || pair.First == "*" || pair.Second == "*");
    }

    private static bool IsSection(string name, string setting)
    {
        int parts = name.Split(':').Length;
        string[] wanted = setting.Split(':');
        return parts < wanted.Length && Fits(string.Join(':', wanted[..parts]), name);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Functions.sln"))) folder = folder.Parent;
        return folder.FullName;
    }

    [GeneratedRegex(@"([Ss]ection|[Bb]elow) `(?<section>[A-Z][\w:*]*)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Below();

    [GeneratedRegex("`(?<text>[^`]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\bHeal(:[A-Za-z*][\w*.-]*|:<[\w/<>]+>|:\d+)+|\bHeal__\w+(-\w+)*", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Mention();
}
