using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

public sealed class TraceTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    private static readonly string[] Course =
    [
        "route signal", "orchestration:Incident", "activity:CollectEvidence", "activity:RunAction", "activity:VerifyTarget",
    ];

    [Fact]
    public async Task An_alert_its_incident_and_the_action_are_one_trace()
    {
        await using TraceReceiver receiver = await TraceReceiver.StartAsync();
        await using HealEnvironment heal = await HealEnvironment.CreateAsync(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200", // milliseconds
        });
        await heal.App.StartAsync();
        await heal.Cluster.CreateDeploymentAsync("web");
        await heal.Cluster.SetMissingImageAsync("web");

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/alerts", UriKind.Relative));
        request.Headers.Add("traceparent", $"00-{Trace}-00f067aa0ba902b7-01");
        request.Content = new StringContent(Alerts.RolloutStuck("web", DateTimeOffset.UtcNow), Encoding.UTF8, "application/json");
        using HttpResponseMessage accepted = await heal.App.Http.SendAsync(request);
        JsonObject incident = Assert.Single(await heal.UntilIncidentsEndAsync(1));

        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.Equal("Healed", (string?)incident["outcome"]!["kind"]);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Course.Except(receiver.NamesIn(Trace)).Any())
        {
            Assert.False(limit.IsCancellationRequested, "In the trace: " + string.Join(", ", receiver.NamesIn(Trace)));
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
