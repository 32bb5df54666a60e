using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Heal.House.Tests;

/// <summary>The drawing of the house: which project may know which. A new arrow is drawn here first, and seen in review.</summary>
public sealed partial class ProjectReferenceTests
{
    private static readonly Dictionary<string, string> Drawing = new(StringComparer.Ordinal)
    {
        ["DurableTask/Analyzers"] = "",
        ["DurableTask/Generators"] = "",
        ["DurableTask/Core"] = "",
        ["DurableTask/Abstractions"] = "DurableTask/Core",
        ["DurableTask/Client"] = "DurableTask/Core DurableTask/Abstractions",
        ["DurableTask/Worker"] = "DurableTask/Core DurableTask/Abstractions",
        ["DurableTask/InMemory"] = "DurableTask/Core DurableTask/Abstractions DurableTask/Client DurableTask/Worker",
        ["DurableTask/ScheduledTasks"] = "DurableTask/Core DurableTask/Abstractions DurableTask/Client DurableTask/Worker",
        ["DurableTask/PostgreSql"] = "Postgres DurableTask/Core DurableTask/Abstractions DurableTask/Client DurableTask/Worker",
        ["FunctionsWorker"] = "Postgres "
            + "DurableTask/Core DurableTask/Abstractions DurableTask/Client DurableTask/Worker DurableTask/PostgreSql",
        ["FunctionsWorker.Generators"] = "",
        ["Postgres"] = "",
        ["Healing"] = "",
        ["Drivers/Kubernetes"] = "",
        ["Drivers/Libvirt"] = "",
        ["Simulator"] = "",
        // speaks HTTP only: the shapes of answers are its own, so that it works with a healer of another version
        ["Cli"] = "",
        ["Activities"] = "Postgres Healing Drivers/Kubernetes Drivers/Libvirt DurableTask/Abstractions DurableTask/Generators",
        ["Workflows"] = "Activities Healing DurableTask/Abstractions DurableTask/Generators",
        ["Functions"] = "Workflows Activities Healing Drivers/Kubernetes Drivers/Libvirt Simulator "
            + "DurableTask/Abstractions DurableTask/Client DurableTask/Worker FunctionsWorker",
    };

    private static readonly Dictionary<string, string[]> References = Repository.FilesEndingWith(".csproj")
        .Where(file => file.StartsWith("src/", StringComparison.Ordinal))
        .ToDictionary(NameOf, ReferencesOf, StringComparer.Ordinal);

    [Fact]
    public void Every_project_is_in_the_drawing_and_every_drawn_project_exists() =>
        Assert.Equal(Drawing.Keys.Order(StringComparer.Ordinal), References.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Projects_reference_exactly_what_the_drawing_shows() => Findings.AssertNone(
        from project in References
        where Drawing.ContainsKey(project.Key)
        let drawn = Drawing[project.Key].Split(' ', StringSplitOptions.RemoveEmptyEntries)
        from finding in project.Value.Except(drawn).Select(extra => $"{project.Key} -> {extra} is not drawn")
            .Concat(drawn.Except(project.Value).Select(missing => $"{project.Key} -> {missing} is drawn, but not there"))
        select finding,
        "Remove the reference, or draw the arrow here and in the architecture.");

    [Fact]
    public void References_have_no_cycle()
    {
        var open = References.ToDictionary(
            project => project.Key, project => project.Value.ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
        while (open.Keys.FirstOrDefault(project => open[project].Count == 0) is { } leaf)
        {
            open.Remove(leaf);
            foreach (var rest in open.Values)
            {
                rest.Remove(leaf);
            }
        }

        Findings.AssertNone(
            open.Select(project => $"{project.Key} -> {string.Join(", ", project.Value)}"), "These projects reference each other.");
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = Repository.TextOf("Functions.sln").Replace('\\', '/');
        Findings.AssertNone(
            Repository.FilesEndingWith(".csproj").Where(file => !solution.Contains($"\"{file}\"", StringComparison.Ordinal)),
            "dotnet sln add PROJECT");
    }

    private static string NameOf(string file) => Path.GetDirectoryName(file)!["src/".Length..];

    private static string[] ReferencesOf(string file)
    {
        var items = XDocument.Parse(Repository.TextOf(file)).Descendants().ToList();
        var direct = items.Where(item => item.Name.LocalName == "ProjectReference")
            .Select(item => ReferencedProject().Match((string)item.Attribute("Include")!).Groups["name"].Value);
        // eng/DurableHost.props turns these into project references
        var durable = items.Where(item => item.Name.LocalName == "DurableReference")
            .SelectMany(item => ((string)item.Attribute("Include")!).Split(';'))
            .Select(name => name == "FunctionsWorker" ? name : $"DurableTask/{name}");
        return [.. direct.Concat(durable)];
    }

    [GeneratedRegex(@"^\$\(RepositoryRoot\)src/(?<name>.+)/[^/]+\.csproj$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ReferencedProject();
}
