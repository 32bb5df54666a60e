using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Heal.Simulator;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Heal.Activities.Tests;

/// <summary>From labels to the object at fault, on a simulated cluster over HTTP.</summary>
public sealed class ResolveTargetTests : IAsyncLifetime
{
    private const string Space = "shop";
    private SimulatorServer? _simulator;
    private KubernetesClient _client = null!;

    public async Task InitializeAsync()
    {
        _simulator = await SimulatorServer.StartAsync(new SimulatorOptions
        {
            Nodes = ["node1"], RandomSeed = 7,
            Objects =
            [
                Node("node2", "10.0.0.2", "fd00::2"), Node("node3.example.test", "10.0.0.3"), Node("10.0.0.4", "10.0.0.4"),
                Node("twin-a", "10.0.0.9"), Node("twin-b", "10.0.0.9"),
                Json("v1", "Namespace", "", Space),
            ],
        });
        _client = new KubernetesClientFactory(TimeProvider.System, NullLoggerFactory.Instance)
            .Create(new KubernetesClientOptions { Server = new Uri(_simulator.Url) });
    }

    public async Task DisposeAsync() => await _simulator!.DisposeAsync();

    [Theory]
    [InlineData("node2", "Node node2")]
    [InlineData("node2:9100", "Node node2")]
    [InlineData("10.0.0.2:9100", "Node node2")]
    [InlineData("10.0.0.2", "Node node2")]
    [InlineData("[fd00::2]:9100", "Node node2")]
    [InlineData("node2.example.test:9100", "Node node2")]
    [InlineData("node3:10250", "Node node3.example.test")]
    [InlineData("10.0.0.4:9100", "Node 10.0.0.4")]
    [InlineData("192.0.2.1:9100", "Host 192.0.2.1")]
    [InlineData("storage.example.test:9100", "Host storage.example.test")]
    [InlineData("10.0.0.9:9100", "Host 10.0.0.9")]
    [InlineData("removed", "Node removed")]
    public async Task A_node_is_found_by_name_or_address_and_another_machine_is_called_one(string instance, string expected)
    {
        var resolved = await ResolveAsync("NodeClockSkewDetected", ("instance", instance));

        Assert.True(expected == resolved.Target!.ToString(), $"{resolved.Target}: {resolved.Reason}");
    }

    [Fact]
    public async Task A_pod_leads_to_the_top_of_its_owners_and_so_does_a_job()
    {
        var cron = await CreateAsync("batch/v1", "CronJob", "nightly");
        var job = await CreateAsync("batch/v1", "Job", "nightly-29300180", cron);
        await CreateAsync("v1", "Pod", "nightly-29300180-x7x7x", job);
        await CreateAsync("v1", "Pod", "db-0", await CreateAsync("apps/v1", "StatefulSet", "db"));

        Assert.Equal("CronJob shop/nightly", await OfPodAsync("nightly-29300180-x7x7x"));
        Assert.Equal("StatefulSet shop/db", await OfPodAsync("db-0"));
        var ofJob = await ResolveAsync("KubeJobFailed", ("namespace", Space), ("job_name", "nightly-29300180"), ("job", "scrapes"));
        Assert.Equal("CronJob shop/nightly", ofJob.Target!.ToString());
    }

    [Fact]
    public async Task A_pod_that_is_gone_leads_to_what_its_name_was_made_from()
    {
        await CreateAsync("apps/v1", "DaemonSet", "agent");
        await CreateAsync("apps/v1", "StatefulSet", "db");
        await CreateAsync("batch/v1", "Job", "import");
        await CreateAsync("batch/v1", "CronJob", "nightly");
        await CreateAsync("apps/v1", "Deployment", "web");

        Assert.Equal("DaemonSet shop/agent", await OfPodAsync("agent-7xk2p"));
        Assert.Equal("StatefulSet shop/db", await OfPodAsync("db-3"));
        Assert.Equal("Job shop/import", await OfPodAsync("import-x7x7x"));
        Assert.Equal("Job shop/import", await OfPodAsync("import-2-x7x7x"));
        Assert.Equal("CronJob shop/nightly", await OfPodAsync("nightly-29300180-x7x7x"));
        Assert.Equal("Deployment shop/web", await OfPodAsync("web-5d8f7c9b6d-kx2lq"));
        Assert.Equal("Pod shop/unknown-x7x7x", await OfPodAsync("unknown-x7x7x"));
    }

    private async Task<string> OfPodAsync(string pod) =>
        (await ResolveAsync("KubePodNotReady", ("namespace", Space), ("pod", pod))).Target!.ToString();

    private Task<TargetResolution> ResolveAsync(string name, params (string Name, string Value)[] labels)
    {
        var all = labels.ToDictionary(label => label.Name, label => label.Value);
        var alert = new Alert(name, AlertStatus.Firing, all, new Dictionary<string, string>(), DateTimeOffset.UnixEpoch, null, "f1");
        var signal = Signal.Of(alert, SignalSource.Webhook, DateTimeOffset.UnixEpoch);
        var options = new Fixed(new HealOptions { Cluster = "test" });
        return new ResolveTargetActivity(new TargetRealms([new ClusterRealm(_client, null!, options)], options)).RunAsync(null!, signal);
    }

    private Task<KubernetesObject> CreateAsync(string apiVersion, string kind, string name, KubernetesObject? owner = null)
    {
        var json = Json(apiVersion, kind, Space, name);
        json["spec"] = kind switch
        {
            "Pod" => Containers(),
            "Job" => new JsonObject { ["template"] = Template() },
            "CronJob" => new JsonObject { ["jobTemplate"] = new JsonObject { ["spec"] = new JsonObject { ["template"] = Template() } } },
            "DaemonSet" => new JsonObject { ["selector"] = Selector(), ["template"] = Template() },
            _ => new JsonObject { ["replicas"] = 0, ["selector"] = Selector(), ["template"] = Template() },
        };
        if (owner is not null)
        {
            json["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = owner.ApiVersion, ["kind"] = owner.Kind, ["name"] = owner.Metadata.Name, ["uid"] = owner.Metadata.Uid,
                ["controller"] = true,
            });
        }

        return _client.CreateAsync(ResourceKind.FromApiVersion(apiVersion, kind), KubernetesObject.FromJson<KubernetesObject>(json));

        JsonObject Labels() => new() { ["app"] = name };
        JsonObject Selector() => new() { ["matchLabels"] = Labels() };
        JsonObject Template() => new() { ["metadata"] = new JsonObject { ["labels"] = Labels() }, ["spec"] = Containers() };
        static JsonObject Containers() =>
            new() { ["containers"] = new JsonArray(new JsonObject { ["name"] = "main", ["image"] = "nginx:1.25" }) };
    }

    private static JsonObject Json(string apiVersion, string kind, string ns, string name) => new()
    {
        ["apiVersion"] = apiVersion,
        ["kind"] = kind,
        ["metadata"] = ns.Length == 0 ? new JsonObject { ["name"] = name } : new JsonObject { ["name"] = name, ["namespace"] = ns },
    };

    private static JsonObject Node(string name, params string[] addresses)
    {
        var node = Json("v1", "Node", "", name);
        node["status"] = new JsonObject
        {
            ["addresses"] = new JsonArray([.. addresses.Select(a => new JsonObject { ["type"] = "InternalIP", ["address"] = a })]),
        };
        return node;
    }

    private sealed class Fixed(HealOptions value) : IOptionsMonitor<HealOptions>
    {
        public HealOptions CurrentValue => value;

        public HealOptions Get(string? name) => value;

        public IDisposable? OnChange(Action<HealOptions, string?> listener) => null;
    }
}
