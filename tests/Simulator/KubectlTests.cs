namespace Heal.Simulator.Tests;

public sealed class KubectlTests
{
    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: shop, labels: { app: shop } }
        spec:
          replicas: 2
          selector: { matchLabels: { app: shop } }
          template:
            metadata: { labels: { app: shop } }
            spec:
              containers: [ { name: shop, image: "nginx:1.25" } ]
        """;

    [Fact]
    public async Task A_deployment_is_applied_scaled_changed_and_deleted()
    {
        await using var cluster = await Cluster.StartDemoAsync();
        using var kubectl = new Kubectl(cluster);

        Assert.Contains("deployment.apps/shop created", await kubectl.RunAsync("apply -f -", Deployment));
        Assert.Contains("unchanged", await kubectl.RunAsync("apply -f -", Deployment));
        Assert.Contains("successfully rolled out", await kubectl.RunAsync("rollout status deployment/shop --timeout=30s"));
        await kubectl.RunAsync("scale deployment/shop --replicas=4");
        await kubectl.RunAsync("rollout status deployment/shop --timeout=30s");
        Assert.Equal(4, (await kubectl.RunAsync("get pods -l app=shop -o name")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        await kubectl.RunAsync("set image deployment/shop shop=nginx:1.26");
        await kubectl.RunAsync("rollout status deployment/shop --timeout=30s");
        await kubectl.RunAsync("""patch deployment shop -p {"spec":{"template":{"metadata":{"annotations":{"note":"x"}}}}}""");
        await kubectl.RunAsync("rollout status deployment/shop --timeout=30s");
        Assert.Equal(
            "3",
            await kubectl.RunAsync("""get deployment shop -o jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}"""));
        Assert.Equal("nginx:1.26", await kubectl.RunAsync("get deployment shop -o jsonpath={.spec.template.spec.containers[0].image}"));
        await kubectl.RunAsync("delete deployment shop --timeout=30s");
        await kubectl.RunAsync("wait --for=delete pod -l app=shop --timeout=30s");
        Assert.DoesNotContain("shop", await kubectl.RunAsync("get pods,replicasets -o name"));
    }

    [Fact]
    public async Task A_stuck_rollout_through_a_missing_tag_is_healed_by_rollout_undo()
    {
        await using var cluster = await Cluster.StartDemoAsync(1000);
        using var kubectl = new Kubectl(cluster);
        await kubectl.RunAsync("rollout status deployment/web --timeout=30s");
        var before = await kubectl.RunAsync("get replicasets -l app=web -o name");

        await kubectl.RunAsync("set image deployment/web web=registry.example/web:no-such-tag");
        var (code, output) = await kubectl.TryAsync("rollout status deployment/web --timeout=30s");
        Assert.Equal(1, code);
        Assert.Contains("exceeded its progress deadline", output);
        Assert.Contains("ImagePullBackOff", await kubectl.RunAsync("get events -o jsonpath={.items[*].message}"));
        Assert.Contains(
            "registry.example/web:no-such-tag: not found",
            await kubectl.RunAsync("get events -o jsonpath={.items[*].message}"));
        Assert.Contains(
            "ImagePull",
            await kubectl.RunAsync("get pods -o jsonpath={.items[*].status.containerStatuses[*].state.waiting.reason}"));

        await kubectl.RunAsync("rollout undo deployment/web");
        await kubectl.RunAsync("rollout status deployment/web --timeout=30s");
        var history = await kubectl.RunAsync("rollout history deployment/web");
        Assert.Contains("\n3 ", history);
        Assert.DoesNotContain("\n1 ", history);
        Assert.Equal(
            "3",
            await kubectl.RunAsync($"get {before.Trim()} -o jsonpath={{.metadata.annotations.deployment\\.kubernetes\\.io/revision}}"));
    }

    [Fact]
    public async Task A_crash_loop_through_a_bad_config_map_is_healed_by_rollout_undo()
    {
        await using var cluster = await Cluster.StartDemoAsync();
        using var kubectl = new Kubectl(cluster);
        await kubectl.RunAsync("rollout status deployment/api --timeout=30s");

        await kubectl.RunAsync(
            "create -f -",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":{"mode":"broken"}}""");
        await kubectl.RunAsync(
            """patch deployment api -p {"spec":{"template":{"spec":{"volumes":[{"name":"config","configMap":{"name":"bad"}}]}}}}""");
        var pod = await cluster.UntilAsync("/api/v1/namespaces/demo/pods",
            p => (string?)p["status"]?["containerStatuses"]?[0]?["state"]?["waiting"]?["reason"] == "CrashLoopBackOff");
        var status = pod["status"]!["containerStatuses"]![0]!;
        var name = (string)pod["metadata"]!["name"]!;
        Assert.Equal(1, (int)status["lastState"]!["terminated"]!["exitCode"]!);
        Assert.Equal("Error", (string?)status["lastState"]!["terminated"]!["reason"]);
        Assert.True((int)status["restartCount"]! >= 1);
        Assert.Contains("got 'broken'", await kubectl.RunAsync($"logs {name} --previous"));
        Assert.Contains(
            "Back-off restarting failed container api",
            await kubectl.RunAsync($"get events -o jsonpath={{.items[*].message}} --field-selector involvedObject.name={name}"));

        await kubectl.RunAsync("rollout undo deployment/api");
        await kubectl.RunAsync("rollout status deployment/api --timeout=30s");
        Assert.DoesNotContain(
            "false",
            await kubectl.RunAsync("get pods -l app=api -o jsonpath={.items[*].status.containerStatuses[*].ready}"));
    }

    [Fact]
    public async Task Server_side_apply_tells_who_owns_a_field()
    {
        await using var cluster = await Cluster.StartDemoAsync();
        using var kubectl = new Kubectl(cluster);
        await kubectl.RunAsync("apply --server-side --field-manager=first -f -", Deployment);

        var other = Deployment.Replace("nginx:1.25", "nginx:1.26", StringComparison.Ordinal);
        var (code, output) = await kubectl.TryAsync("apply --server-side --field-manager=second -f -", other);
        Assert.Equal(1, code);
        Assert.Contains("""conflict with "first": .spec.template.spec.containers[name="shop"].image""", output);

        await kubectl.RunAsync("apply --server-side --field-manager=second --force-conflicts -f -", other);
        Assert.Equal("nginx:1.26", await kubectl.RunAsync("get deployment shop -o jsonpath={.spec.template.spec.containers[0].image}"));
    }

    [Fact]
    public async Task Events_watch_and_namespaces_work()
    {
        await using var cluster = await Cluster.StartDemoAsync();
        using var kubectl = new Kubectl(cluster);
        await kubectl.RunAsync("rollout status deployment/web --timeout=30s");

        var watched = await kubectl.RunAsync("get pods --watch --request-timeout=2s -o name");
        Assert.Contains("pod/web-", watched);
        var table = await kubectl.RunAsync("get pods --watch --request-timeout=2s");
        Assert.Contains("STATUS", table);
        Assert.Contains("1/1", table);
        Assert.Contains("Scaled up replica set", await kubectl.RunAsync("get events -o jsonpath={.items[*].message}"));
        await kubectl.RunAsync("create -f -", """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"other"}}""");
        await kubectl.RunAsync("-n other wait --for=create serviceaccount/default --timeout=30s");
        await kubectl.RunAsync("delete namespace demo --timeout=30s");
        Assert.DoesNotContain("demo", await kubectl.RunAsync("get namespaces -o name"));
    }
}
