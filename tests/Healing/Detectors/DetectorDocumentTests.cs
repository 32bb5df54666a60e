namespace Heal.Healing.Tests;

public sealed class DetectorDocumentTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "detectors.md"))
        .ReplaceLineEndings("\n");

    [Fact]
    public void The_page_says_of_every_detector_what_the_code_says()
    {
        var wanted = DetectorParameters.Document();

        var at = Page.IndexOf("## crash-loop\n", StringComparison.Ordinal);
        var got = at < 0 ? "" : Page[at..];

        Assert.True(wanted == got, $"docs/operating/detectors.md must end with:\n\n{wanted}");
    }

    [Fact]
    public void Default_parameters_are_usable_and_bad_ones_are_all_named()
    {
        var bad = new DetectorSettings
        {
            CrashLoop = { Restarts = 0 }, VolumeFilling = { Full = 2 }, ImagePull = { ClearAfter = TimeSpan.Zero },
        };

        Assert.Empty(DetectorParameters.Faults(new DetectorSettings(), "Heal:Watch:Detectors"));
        Assert.Equal(
            [
                "Heal:Watch:Detectors:CrashLoop:Restarts: expected 1 to 1000, got 0.",
                "Heal:Watch:Detectors:ImagePull:ClearAfter: expected 00:00:01 to 01:00:00, got 00:00:00.",
                "Heal:Watch:Detectors:VolumeFilling:Full: expected 0.5 to 1, got 2.",
            ],
            DetectorParameters.Faults(bad, "Heal:Watch:Detectors"));
    }

    [Fact]
    public void Every_alert_of_a_detector_has_a_rule_for_its_target() =>
        Assert.Empty(DetectorCatalogue.All(new DetectorSettings()).Select(row => row.Detector.Info.Alert).Except(TargetPolicy.KnownAlerts));
}
