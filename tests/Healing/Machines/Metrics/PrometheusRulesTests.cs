using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Heal.Healing.Tests;

/// <summary>The shipped alert rules, judged by Prometheus' own tool.</summary>
public sealed partial class PrometheusRulesTests
{
    [Fact]
    public void Every_alert_fires_on_its_recorded_series_and_on_no_others()
    {
        var folder = Directory.CreateTempSubdirectory("heal-rules-").FullName;
        try
        {
            foreach (var file in new[] { Rules(), Tests() }) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            var (code, output) = Promtool(folder, null, "test", "rules", Path.GetFileName(Tests()));
            Assert.True(code == 0, output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Every_alert_of_the_file_has_a_test()
    {
        var tests = File.ReadAllText(Tests());
        var alerts = AlertName().Matches(File.ReadAllText(Rules())).Select(match => match.Groups["name"].Value).Distinct().ToList();
        Assert.Equal(15, alerts.Count);
        Assert.All(alerts, alert => Assert.Contains($"alertname: {alert}\n", tests));
    }

    [Fact]
    public void Every_series_that_the_rules_ask_for_is_one_that_we_expose()
    {
        var exposed = MachineMetric.All.Select(metric => metric.ExporterName).ToHashSet(StringComparer.Ordinal);
        var asked = Series().Matches(File.ReadAllText(Rules())).Select(match => match.Value).Distinct().ToList();
        Assert.True(asked.Count > 15);
        Assert.All(asked, series => Assert.Contains(series, exposed));
    }

    [Fact]
    public void The_intake_knows_what_every_alert_is_about()
    {
        var identities = File.ReadAllText(Path.Combine(Root(), "src/Healing/Targets/alert-identities.json"));
        Assert.All(AlertName().Matches(File.ReadAllText(Rules())), match =>
            Assert.Contains($"\"{match.Groups["name"].Value}\"", identities));
    }

    /// <summary>Text that Prometheus' own parser takes, with the format's rules.</summary>
    internal static void AssertReadable(string text)
    {
        var (code, output) = Promtool(".", text, "check", "metrics");

        // 3: readable, with remarks of style, as on names that the exporters gave and that we keep
        Assert.True(code is 0 or 3, output);
    }

    private static (int Code, string Output) Promtool(string folder, string? input, params string[] arguments)
    {
        var start = new ProcessStartInfo("promtool", arguments)
        {
            WorkingDirectory = folder, UseShellExecute = false,
            RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("promtool (Debian package prometheus) is missing");
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }

    private static string Rules() => Path.Combine(Root(), "deploy/prometheus/libvirt-rules.yaml");

    private static string Tests() => Path.Combine(Root(), "tests/Healing/Machines/Metrics/libvirt-rules.test.yaml");

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../.."));

    [GeneratedRegex(@"- alert: (?<name>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex AlertName();

    [GeneratedRegex(@"\b(libvirt_[a-z_]+|heal_(vm|hypervisor|pool)_[a-z_]+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Series();
}
