using System.Text;
using System.Text.Json;

namespace Heal.Healing.Tests;

/// <summary>
/// One webhook per alert and per trap, in the shape in which Alertmanager sends it: through the parser to the target that it must name.
/// </summary>
public sealed class AlertTargetTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Alerts", "payloads.jsonl"));

    [Fact]
    public void Every_alert_leads_to_the_object_that_its_identity_labels_name()
    {
        var wrong = new List<string>();
        foreach (var (line, number) in Lines.Select((line, index) => (line, index + 1)))
        {
            using var row = JsonDocument.Parse(line);
            var expected = row.RootElement.GetProperty("expect").GetString();
            var batch = Parse(row.RootElement);
            var found = TargetPolicy.Identify(Assert.Single(batch.Alerts), "test");
            var got = found.Candidate is { } c ? new TargetReference("test", c.Kind, c.Namespace, c.Name).ToString()
                : found.Verdict.ToString().ToLowerInvariant();
            if (got != expected) wrong.Add($"line {number}, {batch.Alerts[0].Name}: expected {expected}, got {got} ({found.Reason})");
        }

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }

    [Fact]
    public void Every_alert_of_the_table_has_a_payload()
    {
        var seen = Lines.Select(line =>
        {
            using var row = JsonDocument.Parse(line);
            return Parse(row.RootElement).Alerts[0].Name;
        });

        Assert.Empty(TargetPolicy.KnownAlerts.Except(seen));
    }

    [Fact]
    public void A_group_of_unrelated_alerts_leads_to_as_many_targets_whatever_the_group_has_in_common()
    {
        var alerts = Lines.Take(40).Select(line =>
        {
            using var row = JsonDocument.Parse(line);
            return row.RootElement.GetProperty("payload").GetProperty("alerts")[0].GetRawText();
        });
        var payload = $$"""
            {"receiver":"heal","status":"firing","alerts":[{{string.Join(',', alerts)}}],"groupLabels":{"namespace":"monitoring"},
             "commonLabels":{"namespace":"monitoring","pod":"kube-state-metrics-0","node":"node9"},"commonAnnotations":{},
             "externalURL":"http://alertmanager.example.test:9093","version":"4","groupKey":"{}","truncatedAlerts":7}
            """;

        var batch = AlertmanagerPayload.Parse(Encoding.UTF8.GetBytes(payload));

        Assert.Equal((40, 7), (batch.Alerts.Count, batch.Truncated));
        Assert.Equal(
            Lines.Take(40).Select(line => Identify(line)?.ToString()),
            batch.Alerts.Select(alert => TargetPolicy.Identify(alert, "test").Candidate?.ToString()));
    }

    [Fact]
    public void A_resolved_alert_has_the_target_of_the_firing_one_and_another_signal()
    {
        var firing = Some.Alert("KubeJobFailed", ("namespace", "shop"), ("job_name", "nightly"), ("job", "kube-state-metrics"));
        var resolved = firing with { Status = AlertStatus.Resolved, EndsAt = Some.Noon.AddMinutes(5) };

        Assert.Equal(TargetPolicy.Identify(firing, "test").Candidate, TargetPolicy.Identify(resolved, "test").Candidate);
        Assert.NotEqual(Signal.Of(firing, SignalSource.Webhook, Some.Noon).Id, Signal.Of(resolved, SignalSource.Webhook, Some.Noon).Id);
    }

    [Theory]
    [InlineData("node1", "node1")]
    [InlineData("node1:9100", "node1")]
    [InlineData("10.0.0.3:9100", "10.0.0.3")]
    [InlineData("[fd00::1]:9100", "fd00::1")]
    [InlineData("fd00::1", "fd00::1")]
    [InlineData("::1", "::1")]
    [InlineData("[", "[")]
    public void A_machine_is_named_with_or_without_a_port(string text, string host) => Assert.Equal(host, MachineAddress.HostOf(text));

    private static AlertBatch Parse(JsonElement row) =>
        AlertmanagerPayload.Parse(Encoding.UTF8.GetBytes(row.GetProperty("payload").GetRawText()));

    private static TargetCandidate? Identify(string line)
    {
        using var row = JsonDocument.Parse(line);
        return TargetPolicy.Identify(Parse(row.RootElement).Alerts[0], "test").Candidate;
    }
}
