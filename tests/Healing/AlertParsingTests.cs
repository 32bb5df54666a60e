namespace Heal.Healing.Tests;

public sealed class AlertParsingTests
{
    private const string One = """
        {"status":"firing","labels":{"alertname":"KubePodCrashLooping","namespace":"shop","pod":"web-1"},
         "annotations":{"summary":"it crashes"},"startsAt":"2026-01-01T12:00:00.504Z","endsAt":"0001-01-01T00:00:00Z",
         "generatorURL":"http://prometheus/graph","fingerprint":"26d6aecf6e1f322f"}
        """;

    private static string Payload(string alerts, string version = "\"4\"") =>
        $$"""
          {"receiver":"heal","status":"firing","alerts":[{{alerts}}],
          "groupLabels":{},"commonLabels":{},"commonAnnotations":{},
           "externalURL":"http://am","version":{{version}},"groupKey":"{}","truncatedAlerts":2}
          """;

    [Fact]
    public void A_webhook_is_split_into_its_alerts()
    {
        var resolved = One.Replace("firing", "resolved").Replace("0001-01-01T00:00:00Z", "2026-01-01T12:05:00Z");

        var batch = AlertmanagerPayload.Parse(Some.Bytes(Payload($"{One},{resolved}")));

        Assert.Empty(batch.Faults);
        Assert.Equal([AlertStatus.Firing, AlertStatus.Resolved], batch.Alerts.Select(alert => alert.Status));
        Assert.Equal("web-1", batch.Alerts[0].Label("pod"));
        Assert.Null(batch.Alerts[0].EndsAt);
        Assert.Equal(2, batch.Truncated);
    }

    [Theory]
    [InlineData("", "$: expected a JSON document, got an empty body")]
    [InlineData("  \n", "$: expected a JSON document, got an empty body")]
    [InlineData("{", "$: expected a JSON document, got text that is not JSON at line 1")]
    [InlineData("[]", "$: expected an Alertmanager webhook payload")]
    [InlineData("{}", "$.version: expected \"4\"")]
    [InlineData("""{"version":4,"alerts":[]}""", "$.version: expected \"4\"")]
    [InlineData("""{"version":"3","alerts":[]}""", "$.version: expected \"4\"")]
    [InlineData("""{"version":"4","alerts":{}}""", "$.alerts: expected a list of alerts, got an object")]
    [InlineData("""{"version":"4","alerts":[7]}""", "$.alerts[0]: expected an alert object, got 7")]
    [InlineData("""{"version":"4","alerts":[{"startsAt":"2026-01-01T00:00:00Z"}]}""", "$.alerts[0].labels: expected an object")]
    [InlineData("""{"version":"4","alerts":[{"labels":{},"startsAt":"2026-01-01T00:00:00Z"}]}""",
        "$.alerts[0].labels.alertname: expected the name of the alert")]
    [InlineData("""{"version":"4","alerts":[{"labels":{"alertname":"A"}}]}""", "$.alerts[0].startsAt: expected a string, got nothing")]
    [InlineData("""{"version":"4","alerts":[{"labels":{"alertname":"A"},"startsAt":"soon"}]}""",
        "$.alerts[0].startsAt: expected a time in RFC 3339")]
    [InlineData("""{"version":"4","alerts":[{"labels":{"alertname":"A"},"startsAt":"0001-01-01T00:00:00Z"}]}""",
        "$.alerts[0].startsAt: expected a time in RFC 3339")]
    [InlineData("""{"version":"4","alerts":[{"labels":{"alertname":"A","pod":5},"startsAt":"2026-01-01T00:00:00Z"}]}""",
        "$.alerts[0].labels.pod: expected a string, got 5")]
    [InlineData("""{"version":"4","alerts":[{"labels":{"alertname":"A","pod":"a\u0007b"},"startsAt":"2026-01-01T00:00:00Z"}]}""",
        "$.alerts[0].labels.pod: expected a value without control characters, got a\\u0007b")]
    [InlineData("""{"version":"4","alerts":[{"labels":{"alertname":"A","pod":"\ud800"},"startsAt":"2026-01-01T00:00:00Z"}]}""",
        "$.alerts[0].labels.pod: expected text in valid Unicode")]
    [InlineData("""{"version":"4","alerts":[{"status":"odd","labels":{"alertname":"A"},"startsAt":"2026-01-01T00:00:00Z"}]}""",
        "$.alerts[0].status: expected 'firing' or 'resolved', got odd")]
    public void A_malformed_payload_is_refused_with_the_place_and_what_was_expected(string text, string fault)
    {
        var batch = AlertmanagerPayload.Parse(Some.Bytes(text));

        Assert.True(batch.IsRefused);
        Assert.StartsWith(fault, batch.Faults[0].ToString());
    }

    [Fact]
    public void One_bad_alert_does_not_spoil_its_neighbours()
    {
        var batch = AlertmanagerPayload.Parse(Some.Bytes(Payload($"{One},{{}}")));

        Assert.False(batch.IsRefused);
        Assert.Single(batch.Alerts);
        Assert.All(batch.Faults, fault => Assert.StartsWith("$.alerts[1]", fault.Path));
    }

    [Fact]
    public void A_label_that_is_too_long_is_refused_and_an_annotation_is_cut()
    {
        var tooLong = new string('x', AlertLimits.LabelLength + 1);
        var label = AlertmanagerPayload.Parse(Some.Bytes(Payload(One.Replace("web-1", tooLong))));
        var annotation = AlertmanagerPayload.Parse(Some.Bytes(Payload(One.Replace("it crashes", new string('x', 9_000)))));

        Assert.Equal("$.alerts[0].labels.pod", Assert.Single(label.Faults).Path);
        Assert.Equal(AlertLimits.AnnotationLength, Assert.Single(annotation.Alerts).Annotations["summary"].Length);
    }

    [Fact]
    public void More_alerts_than_the_limit_are_refused()
    {
        var many = string.Join(',', Enumerable.Repeat(One, AlertLimits.Alerts + 1));

        Assert.Equal("$.alerts", Assert.Single(AlertmanagerPayload.Parse(Some.Bytes(Payload(many))).Faults).Path);
    }

    [Fact]
    public void A_queue_message_is_one_alert_or_a_whole_payload()
    {
        Assert.Single(AlertMessage.Parse(Some.Bytes(One)).Alerts);
        Assert.Equal(2, AlertMessage.Parse(Some.Bytes(Payload($"{One},{One}"))).Alerts.Count);
        Assert.True(AlertMessage.Parse(Some.Bytes("\"text\"")).IsRefused);
    }

    [Fact]
    public void A_listing_keeps_what_is_inhibited_and_leaves_out_what_is_silenced()
    {
        string Listed(string silenced, string inhibited) =>
            $$"""
              {"annotations":{},"endsAt":"2026-01-01T12:09:00Z","fingerprint":"f","receivers":[{"name":"heal"}],
               "startsAt":"2026-01-01T12:00:00Z",
               "status":{"inhibitedBy":[{{inhibited}}],"silencedBy":[{{silenced}}],"state":"active"},
               "updatedAt":"2026-01-01T12:05:00Z","generatorURL":"","labels":{"alertname":"A"} }
              """;

        var batch = AlertmanagerListing.Parse(Some.Bytes($"[{Listed("", "")},{Listed("\"s\"", "")},{Listed("", "\"i\"")}]"));

        Assert.Equal(2, batch.Alerts.Count);
        Assert.Equal(1, batch.Silenced);
        Assert.All(batch.Alerts, alert => Assert.Null(alert.EndsAt));
    }

    [Fact]
    public void The_same_alert_has_the_same_signal_whichever_door_it_takes()
    {
        var alert = AlertMessage.Parse(Some.Bytes(One)).Alerts[0];

        Assert.Equal(Signal.Of(alert, SignalSource.Webhook, Some.Noon).Id,
            Signal.Of(alert, SignalSource.Reconcile, Some.Noon.AddHours(1)).Id);
        Assert.NotEqual(Signal.Of(alert, SignalSource.Webhook, Some.Noon).Id,
            Signal.Of(alert with { Status = AlertStatus.Resolved }, SignalSource.Webhook, Some.Noon).Id);
    }
}
