using System.Net;
using System.Text.Json.Nodes;
using Heal.Healing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Heal.Activities.Tests;

/// <summary>The settings that tell clusters apart, and that silences keep to ours.</summary>
public sealed class AlertClusterTests
{
    [Fact]
    public void The_own_name_and_those_of_the_settings_mean_the_cluster()
    {
        var options = Bind(("Heal:Cluster", "prod"), ("Heal:Alerts:ClusterLabel", "k8s_cluster"), ("Heal:Alerts:Clusters:prod:0", "eu/1"));

        var names = options.NamesInAlerts();

        Assert.True(new HealOptionsValidator().Validate(null, options).Succeeded);
        Assert.Equal(("k8s_cluster", "prod"), (names.Label, names.Cluster));
        Assert.Equal(["prod", "eu/1"], names.Values);
    }

    [Theory]
    [InlineData("Heal:Cluster", "prod", "cluster", true)]
    [InlineData("Heal:Alerts:Clusters:default:0", "prod", "cluster", true)]
    [InlineData("Heal:Alerts:ClusterLabel", "", "", false)]
    [InlineData("Heal:Autonomy", "Observe", "cluster", false)]
    public void A_cluster_that_nobody_named_is_told_apart_from_none(string setting, string value, string label, bool compared)
    {
        var names = Bind((setting, value)).NamesInAlerts();

        Assert.Equal((label, compared), (names.Label, names.AreCompared));
    }

    [Theory]
    [InlineData("Heal:Alerts:Clusters:staging:0", "staging-1", "every other needs a healer of its own")]
    [InlineData("Heal:Alerts:Clusters:default:0", "", "values of 1 to 1024 printable characters")]
    [InlineData("Heal:Alerts:ClusterLabel", "a\nb", "the name of a label")]
    public void A_faulty_setting_is_told_with_what_belongs_there(string setting, string value, string expected) =>
        Assert.Contains(expected, new HealOptionsValidator().Validate(null, Bind((setting, value))).FailureMessage);

    [Fact]
    public void Alerts_that_name_a_cluster_while_this_one_has_no_name_are_told_of_in_each_answer_and_once_in_the_log()
    {
        var lines = new Lines();
        var origins = new AlertOrigins(new FixedHealOptions(Bind(("Heal:Autonomy", "Observe"))), lines);

        var answers = Enumerable.Range(0, 3).Select(_ => origins.Check([About("prod"), About("prod"), About(null)])).ToList();

        Assert.All(answers, answer => Assert.Contains("cluster of these alerts says 'prod', and nobody has named", answer));
        Assert.Equal("Warning", Assert.Single(lines.Said).Split(' ')[0]);
        Assert.Contains("'staging'", origins.Check([About("staging")]));
        Assert.StartsWith("Error Alerts of more than one cluster come in", lines.Said[^1]);
        for (var i = 0; i < 100; i++) origins.Check([About($"c{i}")]);
        Assert.Equal(AlertOrigins.MostTold, lines.Said.Count);
    }

    [Theory]
    [InlineData("Heal:Cluster", "prod")] // compared: what is foreign is rejected
    [InlineData("Heal:Alerts:Clusters:default:0", "prod")]
    [InlineData("Heal:Alerts:ClusterLabel", "")]
    public void Where_clusters_are_told_apart_or_the_label_means_something_else_nothing_is_told(string setting, string value) =>
        Assert.Null(new AlertOrigins(new FixedHealOptions(Bind((setting, value))), new Lines()).Check([About("staging")]));

    [Fact]
    public void What_is_in_no_cluster_or_leads_to_no_target_is_not_told()
    {
        var origins = new AlertOrigins(new FixedHealOptions(new HealOptions()), new Lines());

        Assert.Null(origins.Check([About(null), About("prod", "Watchdog"), About("prod", "LibvirtDomainCrashed", ("domain", "web"))]));
        Assert.Null(origins.Check([About("default")]));
    }

    [Fact]
    public async Task Silences_are_of_our_cluster_and_so_are_the_alerts_that_are_counted_for_them()
    {
        using var desk = new NotingDesk();
        using var http = new HttpClient(desk);
        var names = new ClusterNames("cluster", "prod", ["prod", "eu.1"]);
        var silences = new AlertmanagerSilences(http, new Uri("http://alertmanager.example.test"), () => names);
        var labels = new Dictionary<string, string> { ["alertname"] = "WebDown" };

        await silences.CountFiringAsync(labels, CancellationToken.None);
        await silences.CreateAsync(labels, Some.Noon, "a test", CancellationToken.None);

        Assert.EndsWith("&filter=alertname=\"WebDown\"&filter=cluster=~\"|prod|eu\\\\.1\"", Uri.UnescapeDataString(desk.Query!));
        Assert.Equal(
            ["alertname WebDown False", @"cluster |prod|eu\.1 True"],
            desk.Body!["matchers"]!.AsArray().Select(matcher => $"{matcher!["name"]} {matcher["value"]} {(bool)matcher["isRegex"]!}"));
    }

    private static Signal About(string? cluster, string name = "KubePodCrashLooping", params (string Name, string Value)[] more)
    {
        var labels = more.Append(("namespace", "shop")).Append(("pod", "web-1")).ToDictionary(label => label.Item1, label => label.Item2);
        if (cluster is not null) labels["cluster"] = cluster;
        return Signal.Of(
            new Alert(name, AlertStatus.Firing, labels, new Dictionary<string, string>(), Some.Noon, null, "f"), SignalSource.Webhook,
            Some.Noon);
    }

    private static HealOptions Bind(params (string Name, string Value)[] settings)
    {
        var options = new HealOptions();
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(one => one.Name, one => (string?)one.Value)).Build()
            .GetSection(HealOptions.Section).Bind(options);
        return options;
    }

    private sealed class Lines : ILogger<AlertOrigins>
    {
        public List<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Said.Add($"{logLevel} {formatter(state, exception)}");
    }

    /// <summary>Answers as Alertmanager does where nothing fires, and notes what it was asked.</summary>
    private sealed class NotingDesk : HttpMessageHandler
    {
        public string? Query { get; private set; }

        public JsonNode? Body { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content is null) Query = request.RequestUri!.Query;
            else Body = JsonNode.Parse(await request.Content.ReadAsStringAsync(cancellationToken));
            var answer = request.Content is null ? "[]" : """{"silenceID":"1"}""";
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(answer) };
        }
    }
}
