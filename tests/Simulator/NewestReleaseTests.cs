using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Heal.Simulator.Tests;

/// <summary>What the simulator does as Kubernetes 1.36 does it, and 1.20 does not.</summary>
public sealed class NewestReleaseTests
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    private const string Jobs = "/apis/batch/v1/namespaces/default/jobs";

    [Theory]
    [InlineData("/apis/policy/v1beta1")]
    [InlineData("/apis/batch/v1beta1")]
    [InlineData("/apis/autoscaling/v2beta2")]
    [InlineData("/apis/discovery.k8s.io/v1beta1")]
    [InlineData("/apis/extensions/v1beta1")]
    public async Task Betas_of_what_is_stable_are_not_served(string path)
    {
        await using var cluster = await Cluster.StartAsync();

        Assert.Equal(404, (await cluster.SendAsync("GET", path)).Code);
    }

    [Fact]
    public async Task Who_reads_it_gets_all_groups_in_one_document_and_others_get_the_list()
    {
        await using var cluster = await Cluster.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/apis");
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(Aggregated));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var answer = await cluster.Http.SendAsync(request);

        var whole = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal(Aggregated, answer.Content.Headers.GetValues("Content-Type").Single().Replace(" ", "", StringComparison.Ordinal));
        var apps = whole["items"]!.AsArray().Single(g => (string?)g!["metadata"]!["name"] == "apps")!["versions"]![0]!;
        var deployments = apps["resources"]!.AsArray().Single(r => (string?)r!["resource"] == "deployments")!;
        Assert.Equal(["status", "scale"], deployments["subresources"]!.AsArray().Select(s => (string?)s!["subresource"]));
        Assert.Equal("APIGroupList", (string?)(await cluster.OkAsync("GET", "/apis"))["kind"]);
    }

    [Fact]
    public async Task A_sidecar_runs_beside_the_containers_and_what_becomes_of_it_is_told_with_the_init_containers()
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", Pods, """
            {"metadata":{"name":"web","labels":{"app":"web"}},"spec":{
              "initContainers":[{"name":"proxy","image":"nginx","restartPolicy":"Always"},{"name":"step","image":"busybox"}],
              "containers":[{"name":"app","image":"nginx"}]}}
            """);
        var ready = await cluster.UntilAsync(Pods, IsReady);
        Assert.True((bool)Init(ready, "proxy")!["ready"]!);
        Assert.NotNull(Init(ready, "proxy")!["state"]!["running"]);
        Assert.Equal("Completed", (string?)Init(ready, "step")!["state"]!["terminated"]!["reason"]);
        Assert.Equal((long)ready["metadata"]!["generation"]!, (long)ready["status"]!["observedGeneration"]!);

        await cluster.OkAsync("POST", "/simulator/faults", """{"match":{"container":"proxy"},"crash":{"exitCode":3,"afterSeconds":1}}""");
        var crashed = await cluster.UntilAsync(
            Pods, p => (string?)Init(p, "proxy")?["state"]?["waiting"]?["reason"] == "CrashLoopBackOff");
        Assert.False(IsReady(crashed));
        Assert.Equal("Running", (string?)crashed["status"]!["phase"]);
        Assert.Equal(0, (int)crashed["status"]!["containerStatuses"]![0]!["restartCount"]!);
        Assert.Contains("starting", (string?)await cluster.OkAsync("GET", $"{Pods}/web/log?container=proxy&previous=true"));
    }

    [Fact]
    public async Task A_Job_is_complete_though_its_sidecar_would_run_for_ever()
    {
        await using var cluster = await Cluster.StartAsync(o => o with { Faults = [Ends(0)] });
        await CreateJobAsync(cluster, "", """ "initContainers":[{"name":"proxy","image":"nginx","restartPolicy":"Always"}], """);

        var job = await cluster.UntilAsync(Jobs, j => Condition(j, "Complete") is not null);

        Assert.NotNull(Condition(job, "SuccessCriteriaMet"));
        var pod = (await cluster.OkAsync("GET", Pods))["items"]![0]!;
        Assert.Equal("Succeeded", (string?)pod["status"]!["phase"]);
        Assert.Equal("import", (string?)pod["metadata"]!["labels"]!["batch.kubernetes.io/job-name"]);
    }

    [Theory]
    [InlineData("""
        "podFailurePolicy":{"rules":[{"action":"FailJob","onExitCodes":{"operator":"In","values":[42]}}]},
        """, "PodFailurePolicy")]
    [InlineData(""" "completionMode":"Indexed","completions":2,"backoffLimitPerIndex":0, """, "FailedIndexes")]
    [InlineData(""" "backoffLimit":1, """, "BackoffLimitExceeded")]
    public async Task A_Job_fails_by_its_own_rule_and_says_first_that_it_will(string rule, string reason)
    {
        await using var cluster = await Cluster.StartAsync(o => o with { Faults = [Ends(42)] });
        await CreateJobAsync(cluster, rule);

        var job = await cluster.UntilAsync(Jobs, j => Condition(j, "Failed") is not null);

        Assert.Equal(reason, (string?)Condition(job, "Failed")!["reason"]);
        Assert.Equal(reason, (string?)Condition(job, "FailureTarget")!["reason"]);
        if (reason == "FailedIndexes")
            Assert.Equal("0,1", (string?)job["status"]!["failedIndexes"]);
    }

    [Fact]
    public async Task A_Job_succeeds_early_by_its_policy_waits_while_suspended_and_is_left_alone_when_managed_by_another()
    {
        await using var cluster = await Cluster.StartAsync(o => o with { Faults = [Ends(0)] });
        await CreateJobAsync(cluster, """ "suspend":true,"completions":9,"successPolicy":{"rules":[{"succeededCount":1}]}, """);
        await CreateJobAsync(cluster, """ "managedBy":"kueue.x-k8s.io/multikueue", """, name: "theirs");
        await cluster.UntilAsync(Jobs, j => (string?)Condition(j, "Suspended")?["reason"] == "JobSuspended");
        Assert.Empty((await cluster.OkAsync("GET", Pods))["items"]!.AsArray());

        await cluster.OkAsync("PATCH", $"{Jobs}/import", """{"spec":{"suspend":false}}""", "application/merge-patch+json");
        var done = await cluster.UntilAsync(Jobs, j => Condition(j, "Complete") is not null);

        Assert.Equal("SuccessPolicy", (string?)Condition(done, "Complete")!["reason"]);
        Assert.Null((await cluster.OkAsync("GET", $"{Jobs}/theirs"))["status"]?["conditions"]);
    }

    [Fact]
    public async Task Resources_of_a_pod_change_in_its_place_and_what_no_node_can_give_stays_pending()
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", Pods, """
            {"metadata":{"name":"web"},"spec":{"containers":[{"name":"app","image":"nginx",
              "resources":{"requests":{"cpu":"1"},"limits":{"memory":"1Gi"}}}]}}
            """);
        await cluster.UntilAsync(Pods, IsReady);
        const string Bigger = """{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"CPU"}}}]}}""";
        string Ask(string cpu) => Bigger.Replace("CPU", cpu, StringComparison.Ordinal);
        const string Strategic = "application/strategic-merge-patch+json";
        Assert.Equal(422, (await cluster.SendAsync("PATCH", $"{Pods}/web", Ask("2"), Strategic)).Code);

        await cluster.OkAsync("PATCH", $"{Pods}/web/resize", Ask("2"), Strategic);
        var resized = await cluster.UntilAsync(Pods, p => (string?)Allocated(p)?["cpu"] == "2");
        Assert.Equal(0, (int)resized["status"]!["containerStatuses"]![0]!["restartCount"]!);
        Assert.Equal(
            (long)resized["metadata"]!["generation"]!, (long)resized["status"]!["observedGeneration"]!);

        await cluster.OkAsync("PATCH", $"{Pods}/web/resize", Ask("20"), Strategic);
        var pending = await cluster.UntilAsync(Pods, p => Condition(p, "PodResizePending") is not null);
        Assert.Equal("Infeasible", (string?)Condition(pending, "PodResizePending")!["reason"]);
        Assert.Equal("2", (string?)Allocated(pending)!["cpu"]);
    }

    [Fact]
    public async Task An_eviction_is_told_in_a_condition_of_the_pod_and_a_budget_may_let_unhealthy_pods_go()
    {
        await using var cluster = await Cluster.StartAsync(o => o with
        {
            Faults = [new Faults.FaultDescription { NeverReady = new Faults.NeverReadyEffect() }],
        });
        await cluster.OkAsync("POST", Pods, """
            {"metadata":{"name":"web","labels":{"app":"web"},"finalizers":["test/look"]},
             "spec":{"containers":[{"name":"app","image":"nginx"}]}}
            """);
        await cluster.OkAsync("POST", Budgets, """
            {"metadata":{"name":"web"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}}
            """);
        await cluster.UntilAsync(Pods, p => (string?)p["status"]?["phase"] == "Running");
        const string Evict = """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"web"}}""";
        await cluster.UntilAsync(Budgets, b => b["status"]?["desiredHealthy"] is not null);
        Assert.Equal(429, (await cluster.SendAsync("POST", $"{Pods}/web/eviction", Evict)).Code);

        const string Free = """{"spec":{"unhealthyPodEvictionPolicy":"AlwaysAllow"}}""";
        await cluster.OkAsync("PATCH", $"{Budgets}/web", Free, "application/merge-patch+json");
        await cluster.OkAsync("POST", $"{Pods}/web/eviction", Evict);

        var pod = await cluster.OkAsync("GET", $"{Pods}/web");
        Assert.Equal("EvictionByEvictionAPI", (string?)Condition(pod, "DisruptionTarget")!["reason"]);
    }

    [Fact]
    public async Task The_scheduler_reports_with_the_newer_fields_and_both_APIs_show_the_same_events()
    {
        await using var cluster = await Cluster.StartAsync(o => o with { Nodes = ["n1"] });
        await cluster.OkAsync("POST", Pods, """
            {"metadata":{"name":"web"},"spec":{"nodeSelector":{"no":"such"},"containers":[{"name":"app","image":"nginx"}]}}
            """);
        const string Core = "/api/v1/namespaces/default/events";
        var older = await cluster.UntilAsync(Core, e => (string?)e["reason"] == "FailedScheduling");

        Assert.Null(older["count"]);
        Assert.Null(older["lastTimestamp"]);
        Assert.NotNull(older["eventTime"]);
        Assert.Equal("default-scheduler", (string?)older["reportingComponent"]);
        var newer = (await cluster.OkAsync("GET", "/apis/events.k8s.io/v1/namespaces/default/events"))["items"]!.AsArray()
            .Single(e => (string?)e!["metadata"]!["name"] == (string?)older["metadata"]!["name"])!;
        Assert.Equal(((string?)older["message"], "web"), ((string?)newer["note"], (string?)newer["regarding"]!["name"]));
        Assert.Equal("default-scheduler", (string?)newer["reportingController"]);
    }

    [Fact]
    public async Task Older_kinds_are_served_with_a_warning_and_every_answer_says_which_priority_it_had()
    {
        await using var cluster = await Cluster.StartAsync();
        using var endpoints = await cluster.Http.GetAsync("/api/v1/namespaces/default/endpoints");
        using var slices = await cluster.Http.GetAsync("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices");

        Assert.Contains("v1 Endpoints is deprecated in v1.33+", endpoints.Headers.GetValues("Warning").Single());
        Assert.False(slices.Headers.Contains("Warning"));
        Assert.All([endpoints, slices], answer => Assert.True(answer.Headers.Contains("X-Kubernetes-Pf-Flowschema-Uid")));
    }

    [Fact]
    public async Task A_list_of_any_version_comes_whole()
    {
        await using var cluster = await Cluster.StartAsync();
        const string Namespaces = "/api/v1/namespaces";

        Assert.Single((await cluster.OkAsync("GET", $"{Namespaces}?limit=1"))["items"]!.AsArray());
        var whole = await cluster.OkAsync("GET", $"{Namespaces}?limit=1&resourceVersion=0");
        Assert.True(whole["items"]!.AsArray().Count > 1);
        Assert.Null(whole["metadata"]!["continue"]);
    }

    private static Faults.FaultDescription Ends(int code) => new()
    {
        Match = new Faults.FaultMatch { Container = "app" }, Crash = new Faults.CrashEffect(code),
    };

    private static Task<JsonNode> CreateJobAsync(Cluster cluster, string rules, string more = "", string name = "import")
        => cluster.OkAsync("POST", Jobs, $$"""
            { "metadata": { "name": "{{name}}" }, "spec": { {{rules}} "template": { "spec": { "restartPolicy": "Never", {{more}}
              "containers": [ { "name": "app", "image": "busybox" } ] } } } }
            """);

    private static bool IsReady(JsonNode pod) => Condition(pod, "Ready") is not null;

    private static JsonNode? Condition(JsonNode o, string type)
        => o["status"]?["conditions"]?.AsArray().FirstOrDefault(c => (string?)c!["type"] == type && (string?)c["status"] == "True");

    private static JsonNode? Init(JsonNode pod, string name)
        => pod["status"]?["initContainerStatuses"]?.AsArray().FirstOrDefault(s => (string?)s!["name"] == name);

    private static JsonNode? Allocated(JsonNode pod) => pod["status"]?["containerStatuses"]?[0]?["allocatedResources"];
}
