using System.Text.RegularExpressions;

namespace Heal.House.Tests;

/// <summary>Routes, metrics, tables and settings: what the documentation names is there, and what is there is documented.</summary>
public sealed partial class DocumentedNamesTests
{
    private static readonly string[] Sources = [.. Repository.FilesEndingWith(".cs").Where(file => Under(file, "src/"))];

    // What users read. Decisions tell why something was chosen at their time, the changelog what changed.
    private static readonly string[] Pages =
    [
        .. Repository.FilesEndingWith(".md").Where(file => (Under(file, "docs/") && !Under(file, "docs/decisions/"))
            || file is "README.md" or "samples/README.md" or "workflows/README.md"),
    ];

    private static readonly (string Name, string Where)[] Routes = Named(
        Sources.Where(file => Under(file, "src/Functions/")), Route(), match => $"/api/{match.Groups["path"].Value}");

    private static readonly (string Name, string Where)[] Metrics = Named(Sources, Metric(), match => match.Groups["name"].Value);

    private static readonly (string Name, string Where)[] MachineMetrics = Named(
        ["src/Healing/Machines/Metrics/MachineMetric.cs"], MachineMetric(), match => match.Groups["name"].Value);

    private static readonly (string Name, string Where)[] Tables = Named(
        Repository.FilesEndingWith(".sql").Where(file => Under(file, "src/Activities/Store/Migrations/")), Table(),
        match => $"heal.{match.Groups["name"].Value}");

    private static readonly (string Name, string Where)[] HostSettings = Named(Sources, HostSetting(), match => match.Groups["name"].Value);

    [Fact]
    public void There_are_names_to_look_for()
    {
        Assert.NotEmpty(HostSettings);
        Assert.NotEmpty(Routes);
        Assert.NotEmpty(Metrics);
        Assert.NotEmpty(MachineMetrics);
        Assert.NotEmpty(Tables);
    }

    [Fact]
    public void Every_route_of_the_healer_is_documented()
    {
        string[] used = [.. Named(Pages, UsedRoute(), PathOf).Select(use => use.Name)];
        Findings.AssertNone(
            Routes.Where(route => !used.Any(use => Fits(route.Name, use))).Select(route => $"{route.Where}: {route.Name}"),
            "Show in docs/operating how it is called.");
    }

    [Fact]
    public void Every_route_of_the_healer_that_is_documented_exists() => Findings.AssertNone(
        Named(Pages.Where(page => Under(page, "docs/operating/") || page == "README.md"), UsedRoute(), PathOf)
            .Where(use => !Routes.Any(route => Fits(route.Name, use.Name))).Select(use => $"{use.Where}: {use.Name}"),
        "Correct the path, or write the function.");

    [Fact]
    public void Every_metric_is_documented()
    {
        string text = string.Concat(Pages.Select(Repository.TextOf));
        Findings.AssertNone(
            Metrics.Where(metric => !text.Contains($"`{metric.Name}`", StringComparison.Ordinal))
                .Concat(MachineMetrics.Where(metric => !text.Contains($"`{Family(metric.Name)}.*`", StringComparison.Ordinal)))
                .Select(metric => $"{metric.Where}: {metric.Name}"),
            "Say on the page of its part what it counts, and in which unit.");
    }

    [Fact]
    public void Every_metric_and_table_that_is_documented_exists()
    {
        HashSet<string> known =
        [
            .. Metrics.Concat(MachineMetrics).Concat(Tables).Select(item => item.Name),
            .. MachineMetrics.Select(metric => $"{Family(metric.Name)}.*"),
        ];
        Findings.AssertNone(
            Named(Pages, UsedName(), match => match.Groups["name"].Value).Where(use => !known.Contains(use.Name))
                .Select(use => $"{use.Where}: {use.Name}"),
            "Correct the name, or remove it.");
    }

    [Fact]
    public void The_settings_of_the_function_host_are_those_that_are_documented()
    {
        // The one that is documented as the Azure host's own is read by nobody here.
        var used = Named(Pages, UsedHostSetting(), match => match.Value).Where(use => use.Name != "FUNCTIONS_WORKER_RUNTIME").ToList();
        Findings.AssertNone(
            HostSettings.ExceptBy(used.Select(use => use.Name), setting => setting.Name)
                .Concat(used.ExceptBy(HostSettings.Select(setting => setting.Name), use => use.Name))
                .Select(setting => $"{setting.Where}: {setting.Name}"),
            "Say in docs/operating/settings.md what it means, in which form, and its default; or remove what is not read.");
    }

    /// <summary>heal.vm of heal.vm.cpu.time: those of machines are documented by family.</summary>
    private static string Family(string metric) => string.Join('.', metric.Split('.').Take(2));

    /// <summary>Whether a path that somebody would call, or would write with {names}, is of the route.</summary>
    private static bool Fits(string route, string path)
    {
        var (wanted, got) = (route.Split('/'), path.Split('/'));
        return wanted.Length == got.Length && wanted.Zip(got).All(pair => pair.First == pair.Second || pair.First.StartsWith('{'));
    }

    private static string PathOf(Match match) => match.Value.TrimEnd('.', '/');

    private static bool Under(string file, string folder) => file.StartsWith(folder, StringComparison.Ordinal);

    private static (string Name, string Where)[] Named(IEnumerable<string> files, Regex pattern, Func<Match, string> name) =>
        [.. files.SelectMany(file => pattern.Matches(Repository.TextOf(file)).Select(match => (name(match), file)))];

    [GeneratedRegex("""HttpTrigger\([^)]*Route = "(?<path>[^"]+)"\)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Route();

    [GeneratedRegex(@"/api/[\w{}$.-]+(/[\w{}$.-]+)*", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UsedRoute();

    [GeneratedRegex("""(Create\w+(<\w+>)?|Observe)\(\s*"(?<name>[a-z]+(\.[a-z_]+)+)"[,)]""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Metric();

    [GeneratedRegex(""" "(?<name>heal\.[a-z_.]+)" """, RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace, 1000)]
    private static partial Regex MachineMetric();

    [GeneratedRegex(""" "(?<name>FUNCTIONS_[A-Z_]+)" """, RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace, 1000)]
    private static partial Regex HostSetting();

    [GeneratedRegex(@"\bFUNCTIONS_[A-Z_]*[A-Z]\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UsedHostSetting();

    [GeneratedRegex(@"CREATE TABLE (?<name>\w+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Table();

    [GeneratedRegex(@"`(?<name>(heal|functions|kubernetes\.(client|cache))\.[a-z_.]+(\.\*)?)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UsedName();
}
