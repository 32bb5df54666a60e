using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

/// <summary>The client against a real Kubernetes, in a namespace of its own that goes away afterwards.</summary>
[Trait("Category", "Cluster")]
public sealed class ClusterTests : IAsyncLifetime
{
    private const string Image = "localhost/busybox:1";

    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromMinutes(2));
    private readonly string _ns = $"heal-driver-{Guid.NewGuid():N}"[..24];
    private KubernetesClient _client = null!;

    private CancellationToken Soon => _deadline.Token;

    public async Task InitializeAsync()
    {
        var kubeconfig = Environment.GetEnvironmentVariable("HEAL_TEST_KUBECONFIG");
        if (string.IsNullOrEmpty(kubeconfig))
            throw new InvalidOperationException(
                "HEAL_TEST_KUBECONFIG expected the kubeconfig of a real cluster, got nothing. "
                + "Run './test.sh --cluster', or filter out Category=Cluster.");
        _client = Some.Factory().Create(new KubernetesClientOptions { KubeconfigPath = kubeconfig });
        await _client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = _ns } });
        await WaitAsync<KubernetesObject>(new ResourceKind("", "ServiceAccount"), "default", _ => true);
    }

    public async Task DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.DeleteAsync<Namespace>(null, _ns);
            _client.Dispose();
        }

        _deadline.Dispose();
    }

    [Fact]
    public async Task Server_and_discovery_answer()
    {
        Assert.StartsWith("v1.", (await _client.GetVersionAsync()).GitVersion, StringComparison.Ordinal);
        var budget = await _client.DiscoverAsync(new ResourceKind("policy", "PodDisruptionBudget"));
        Assert.Equal("poddisruptionbudgets", budget!.Plural);
        Assert.NotEmpty((await _client.ListAsync<Node>(null)).Items);
    }

    [Fact]
    public async Task A_config_map_is_created_replaced_patched_and_deleted_with_preconditions()
    {
        var created = await _client.CreateAsync(Settings("1"));
        var conflict = await Assert.ThrowsAsync<KubernetesConflictException>(() => _client.CreateAsync(Settings("1")));
        Assert.True(conflict.AlreadyExists);

        var replaced = await _client.ReplaceAsync(created with { Data = new Dictionary<string, string> { ["a"] = "2" } });
        await Assert.ThrowsAsync<KubernetesConflictException>(() => _client.ReplaceAsync(created with { Immutable = true }));

        var patched = await _client.PatchAsync<ConfigMap>(_ns, "c", Patch.Merge(JsonNode.Parse("""{"data":{"b":"3"}}""")!));
        Assert.Equal(("2", "3"), (patched.Data!["a"], patched.Data["b"]));
        await Assert.ThrowsAsync<KubernetesConflictException>(() => _client.DeleteAsync<ConfigMap>(
            _ns, "c", new DeleteOptions { Uid = Guid.NewGuid().ToString() }));
        await Assert.ThrowsAsync<KubernetesConflictException>(() => _client.DeleteAsync<ConfigMap>(
            _ns, "c", new DeleteOptions { ResourceVersion = replaced.Metadata.ResourceVersion }));
        Assert.True(await _client.DeleteAsync<ConfigMap>(_ns, "c", new DeleteOptions { Uid = created.Metadata.Uid }));
        Assert.False(await _client.DeleteAsync<ConfigMap>(_ns, "c"));
        Assert.Null(await _client.TryGetAsync<ConfigMap>(_ns, "c"));
    }

    [Fact]
    public async Task A_json_patch_is_all_or_nothing()
    {
        await _client.CreateAsync(Settings("1"));
        var path = JsonPatchOperation.PathTo("data", "a");
        await _client.PatchAsync<ConfigMap>(
            _ns, "c", Patch.Json(JsonPatchOperation.Test(path, "1"), JsonPatchOperation.Replace(path, "2")));
        var refused = await Assert.ThrowsAnyAsync<KubernetesApiException>(() => _client.PatchAsync<ConfigMap>(
            _ns, "c", Patch.Json(JsonPatchOperation.Test(path, "1"), JsonPatchOperation.Replace(path, "3"))));
        Assert.Equal(422, (int)refused.StatusCode);
        Assert.Equal("2", (await _client.GetAsync<ConfigMap>(_ns, "c")).Data!["a"]);
    }

    [Fact]
    public async Task A_dry_run_stores_nothing()
    {
        await _client.CreateAsync(new ConfigMap { Metadata = Meta("c") }, new WriteOptions { DryRun = true });
        Assert.Null(await _client.TryGetAsync<ConfigMap>(_ns, "c"));
    }

    [Fact]
    public async Task Apply_names_the_owner_of_a_field_and_takes_it_over_by_force()
    {
        await _client.ApplyAsync(Web(replicas: 0), new ApplyOptions { FieldManager = "alice" });
        var mine = Web(replicas: 1);
        var conflict = await Assert.ThrowsAsync<KubernetesConflictException>(
            () => _client.ApplyAsync(mine, new ApplyOptions { FieldManager = "bob" }));
        Assert.Equal([new FieldConflict("alice", ".spec.replicas")], conflict.Conflicts);
        var forced = await _client.ApplyAsync(mine, new ApplyOptions { FieldManager = "bob", Force = true });
        Assert.Equal(1, forced.Spec!.Replicas);
    }

    [Fact]
    public async Task A_deployment_is_scaled_rolled_out_and_read_back()
    {
        await _client.CreateAsync(Web(replicas: 0));
        var scaled = await _client.SetScaleAsync<Deployment>(_ns, "web", 1);
        Assert.Equal(1, scaled.Spec!.Replicas);
        await Assert.ThrowsAsync<KubernetesConflictException>(() => _client.SetScaleAsync<Deployment>(_ns, "web", 5, resourceVersion: "1"));
        Assert.Equal(1, (await _client.GetScaleAsync<Deployment>(_ns, "web")).Spec!.Replicas);

        var ready = await WaitAsync<Deployment>("web", d => d.Status?.AvailableReplicas == 1);
        Assert.Equal((1, true), (ready.Revision(), ready.Status!.Condition("Available")!.IsTrue));
        Assert.Equal(Image, ready.Spec!.PodSpec().Containers.Single().Image);

        await _client.PatchAsync<Deployment>(_ns, "web", Patch.Strategic(JsonNode.Parse(
            """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"localhost/busybox:2"}]}}}}""")!));
        await WaitAsync<Deployment>("web", d => d.Revision() == 2 && d.Status?.ObservedGeneration == d.Metadata.Generation);
        var sets = (await _client.ListAsync<ReplicaSet>(_ns, new ListOptions { LabelSelector = "app=web" })).Items;
        Assert.Equal([1, 2], sets.Select(s => s.Revision()).Order());
        Assert.All(sets, s => Assert.Equal("web", s.Metadata.ControllerOwner()!.Name));
        Assert.True(PodTemplate.Same(ready.Spec.Template!, sets.Single(s => s.Revision() == 1).Spec!.Template!));
    }

    [Fact]
    public async Task A_crashing_pod_shows_its_state_log_and_events()
    {
        await _client.CreateAsync(Crashing("crash", "echo first; echo last words; exit 7"));
        // The second run has begun to back off: from here the log of the previous one stays.
        var pod = await WaitAsync<Pod>("crash", p => p.Status?.ContainerStatuses is
            [{ LastState.Terminated: not null, State.Waiting.Reason: "CrashLoopBackOff" }]);
        var last = pod.Status!.ContainerStatuses![0].LastState!.Terminated!;
        Assert.Equal((7, "Error"), (last.ExitCode, last.Reason));
        var log = await _client.GetPodLogAsync(_ns, "crash", new LogOptions { Previous = true, TailLines = 1 });
        Assert.Equal("last words\n", log.Text);
        var events = await EventsOfAsync(pod.Metadata.Name!);
        Assert.Contains(events, e => e.Reason == "Started");
    }

    [Fact]
    public async Task A_log_of_control_characters_and_a_line_of_megabytes_is_read_to_its_end_within_the_limit()
    {
        const int Long = 3_000_000;
        await _client.CreateAsync(Crashing("noisy", $$"""
            printf '\033[31mred\033[0m \001\007\377\n'; head -c {{Long}} /dev/zero | tr '\000' x; printf '\nlast words\n'; exit 7
            """));
        await WaitAsync<Pod>("noisy", p => p.Status?.ContainerStatuses is
            [{ LastState.Terminated: not null, State.Waiting.Reason: "CrashLoopBackOff" }]);

        var end = await _client.GetPodLogAsync(_ns, "noisy", new LogOptions { Previous = true });
        var tail = await _client.GetPodLogAsync(_ns, "noisy", new LogOptions { Previous = true, TailLines = 1 });
        var whole = await _client.GetPodLogAsync(_ns, "noisy", new LogOptions { Previous = true, LimitBytes = 2 * Long });

        // What is left of the long line says nothing.
        Assert.Equal(new PodLog("last words\n", IsTruncated: true), end);
        Assert.Equal(new PodLog("last words\n", IsTruncated: false), tail);
        Assert.Equal(["\u001b[31mred\u001b[0m \u0001\u0007\ufffd", new string('x', Long), "last words", ""], whole.Text.Split('\n'));
    }

    [Fact]
    public async Task A_list_is_read_in_pages()
    {
        var labels = new Dictionary<string, string> { ["set"] = "x" };
        for (var i = 0; i < 5; i++)
            await _client.CreateAsync(new ConfigMap { Metadata = Meta($"c{i}") with { Labels = labels } });
        var list = await _client.ListAsync<ConfigMap>(_ns, new ListOptions { LabelSelector = "set=x", PageSize = 2 });
        Assert.Equal(["c0", "c1", "c2", "c3", "c4"], list.Items.Select(c => c.Metadata.Name));
        Assert.True((await _client.ListAsync<ConfigMap>(_ns, new ListOptions { Limit = 2, LabelSelector = "set=x" })).IsTruncated);
    }

    [Fact]
    public async Task A_watch_tells_each_change_once()
    {
        var selected = new WatchOptions { FieldSelector = "metadata.name=c", IncludeBookmarks = true };
        var told = new List<string>();
        await foreach (var change in _client.WatchAsync<ConfigMap>(_ns, selected, Soon))
        {
            told.Add(change.Type.ToString());
            if (told.Count == 1)
                await _client.CreateAsync(new ConfigMap { Metadata = Meta("c") });
            else if (change.Type == WatchEventType.Added)
                await _client.PatchAsync<ConfigMap>(_ns, "c", Patch.Merge(new JsonObject { ["data"] = new JsonObject { ["a"] = "1" } }));
            else if (change.Type == WatchEventType.Modified)
                await _client.DeleteAsync<ConfigMap>(_ns, "c");
            else if (change.Type == WatchEventType.Deleted)
                break;
        }

        Assert.Equal(["Bookmark", "Added", "Modified", "Deleted"], told);
    }

    [Fact]
    public async Task An_event_of_ours_is_accepted()
    {
        var pod = new ObjectReference { Kind = "Pod", Name = "p", Namespace = _ns, ApiVersion = "v1", Uid = "1" };
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
        await _client.CreateAsync(new KubernetesEvent
        {
            Metadata = Meta("e"), InvolvedObject = pod, Reason = "Healed", Message = "m", Type = "Normal", EventTime = now,
            Action = "Rollback", ReportingComponent = "heal.example/engine", ReportingInstance = "1",
        });
        Assert.Equal(now, Assert.Single(await EventsOfAsync("p")).EventTime);
    }

    [Fact]
    public async Task An_identity_without_rights_learns_which_rule_it_lacks()
    {
        await _client.CreateAsync(new ResourceKind("", "ServiceAccount"), new KubernetesObject { Metadata = Meta("weak") });
        var admin = await KubectlStyleTokenAsync("weak");
        using var weak = Some.Factory().Create(new KubernetesClientOptions
        {
            Server = new Uri(_client.Server), Token = admin.Token, CertificateAuthorityPem = admin.Authority,
        });
        var refused = await Assert.ThrowsAsync<KubernetesForbiddenException>(() => weak.ListAsync<Pod>(_ns));
        Assert.Equal(new MissingPermission($"system:serviceaccount:{_ns}:weak", "list", "", "pods", _ns), refused.Missing);
    }

    /// <summary>A token for a service account, from a Secret that asks for one: works on old and new servers.</summary>
    private async Task<(string Token, string Authority)> KubectlStyleTokenAsync(string account)
    {
        var kind = new ResourceKind("", "Secret");
        await _client.CreateAsync(kind, KubernetesObject.FromJson<KubernetesObject>(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "token",
                ["namespace"] = _ns,
                ["annotations"] = new JsonObject { ["kubernetes.io/service-account.name"] = account },
            },
            ["type"] = "kubernetes.io/service-account-token",
        }));
        var secret = await WaitAsync<KubernetesObject>(kind, "token", s => s.Field("data", "token") is not null);
        return (Decode("token"), Decode("ca.crt"));

        string Decode(string key) =>
            System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(secret.Field("data", key)!.Value.GetString()!));
    }

    private async Task<IReadOnlyList<KubernetesEvent>> EventsOfAsync(string pod) => (await _client.ListAsync<KubernetesEvent>(
        _ns, new ListOptions { FieldSelector = $"involvedObject.kind=Pod,involvedObject.name={FieldSelector.Escape(pod)}" })).Items;

    private Task<T> WaitAsync<T>(string name, Func<T, bool> isReached) where T : KubernetesObject =>
        WaitAsync(ResourceKind.Of<T>(), name, isReached);

    private async Task<T> WaitAsync<T>(ResourceKind kind, string name, Func<T, bool> isReached) where T : KubernetesObject
    {
        await foreach (var change in _client.WatchAsync<T>(kind, _ns, new WatchOptions { FieldSelector = $"metadata.name={name}" }, Soon))
        {
            if (change.Type != WatchEventType.Deleted && isReached(change.Object))
                return change.Object;
        }

        throw new InvalidOperationException("A watch ends by cancellation only.");
    }

    private ConfigMap Settings(string value) => new() { Metadata = Meta("c"), Data = new Dictionary<string, string> { ["a"] = value } };

    private ObjectMeta Meta(string name) => new() { Name = name, Namespace = _ns };

    private Deployment Web(int replicas) => KubernetesObject.FromJson<Deployment>(JsonNode.Parse($$$"""
        {"metadata":{"name":"web","namespace":"{{{_ns}}}"},
         "spec":{"replicas":{{{replicas}}},"selector":{"matchLabels":{"app":"web"}},
           "template":{"metadata":{"labels":{"app":"web"}},
             "spec":{"terminationGracePeriodSeconds":1,
               "containers":[{"name":"main","image":"{{{Image}}}","command":["sh","-c","sleep 3600 & wait"]}]
             }
           }
         }
        }
        """)!);

    private Pod Crashing(string name, string script) => new()
    {
        Metadata = Meta(name),
        Spec = new PodSpec
        {
            Containers = [new Container { Name = "main", Image = Image, Command = ["sh", "-c", script] }],
            // Old servers refuse a pod that would get a token as long as the account, which is new, has none.
            OtherFields = new Dictionary<string, JsonElement>(StringComparer.Ordinal)
            {
                ["automountServiceAccountToken"] = JsonSerializer.SerializeToElement(false),
            },
        },
    };
}
