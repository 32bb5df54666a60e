using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Heal.Simulator.Faults;

namespace Heal.Activities.Tests;

/// <summary>What a bundle holds, kind by kind, on a simulated cluster over HTTP.</summary>
public sealed class CollectEvidenceTests
{
    private const string Labels = "\"app\": \"db\"";

    [Fact]
    public async Task A_deployment_brings_what_selects_limits_and_scales_its_pods()
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 2), EvidenceObjects.Deployment("api", 1));
        await rig.CreateAsync("""
            [ { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
                "spec": { "selector": { "app": "web" }, "ports": [ { "port": 80 } ] } },
              { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "other" },
                "spec": { "selector": { "app": "other" }, "ports": [ { "port": 80 } ] } },
              { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "deny" },
                "spec": { "podSelector": {}, "policyTypes": [ "Ingress" ] } },
              { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "db-only" },
                "spec": { "podSelector": { "matchExpressions": [ { "key": "app", "operator": "In", "values": [ "db" ] } ] } } },
              { "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": "web" },
                "spec": { "minAvailable": 1, "selector": { "matchLabels": { "app": "web" } } } },
              { "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "web" },
                "spec": { "maxReplicas": 4, "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" } },
                "status": { "currentReplicas": 2, "conditions": [ { "type": "AbleToScale", "status": "True", "reason": "Ready" } ] } },
              { "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "quota" }, "spec": { "hard": { "pods": "10" } },
                "status": { "hard": { "pods": "10" }, "used": { "pods": "3" } } },
              { "apiVersion": "v1", "kind": "LimitRange", "metadata": { "name": "bounds" },
                "spec": { "limits": [ { "type": "Container", "default": { "memory": "64Mi" } } ] } } ]
            """);
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ReadyReplicas == 2);
        await rig.UntilAsync<Deployment>("api", item => item.Status?.ReadyReplicas == 1);
        await EndpointsAsync(rig, 2);

        var bundle = await rig.CollectAsync("Deployment", "web");

        Assert.Equal(
            ["service/web", "endpointslice/web-slice", "networkpolicy/deny", "poddisruptionbudget/web", "horizontalpodautoscaler/web",
                "resourcequota/quota", "limitrange/bounds"],
            bundle.Related.Select(item => item.Id));
        Assert.Equal("2", bundle.Related[1].Fact("endpoints.ready"));
        Assert.Equal("3", bundle.Related.Single(item => item.Kind == "ResourceQuota").Fact("status.used.pods"));
        Assert.True(bundle.Related.Single(item => item.Kind == "HorizontalPodAutoscaler").Condition("AbleToScale")!.Status);
        Assert.Equal("api", Assert.Single(bundle.Siblings).Name);
        Assert.Equal((2, 2), (bundle.Workload!.DesiredReplicas, bundle.Workload.ReadyReplicas));
        Assert.Equal("16Mi", bundle.Pods[0].Containers[0].Resources.Single(item => item.Resource == "memory").Request);
        Assert.All(bundle.Nodes, node => Assert.Equal("8", node.Facts.Single(fact => fact.Path == "allocatable.cpu").Value));
        Assert.Contains(bundle.RecentChanges, change => change is { Subject: "deployment/web", What: "was made" });
        Assert.Empty(bundle.Gaps);
    }

    [Fact]
    public async Task A_pod_leads_up_to_its_deployment_and_shows_its_log_usage_and_history()
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 2));
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ReadyReplicas == 2);
        await rig.Client.PatchAsync<Deployment>(EvidenceRig.Namespace, "web", Patch.Json(
            JsonPatchOperation.Replace("/spec/template/spec/containers/0/image", JsonValue.Create("registry.example/web:1.1"))));
        await rig.UntilAsync<Deployment>("web", item =>
            item.Status is { ObservedGeneration: 2, ReadyReplicas: 2, UpdatedReplicas: 2, Replicas: 2 });
        var name = (await rig.Client.ListAsync<Pod>(EvidenceRig.Namespace)).Items
            .First(pod => pod.Spec!.Containers[0].Image == "registry.example/web:1.1").Metadata.Name!;
        await rig.CreateAsync($$"""
            { "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": { "name": "{{name}}", "labels": { "app": "web" } },
              "containers": [ { "name": "app", "usage": { "cpu": "3m", "memory": "60Mi" } } ] }
            """);

        var bundle = await rig.CollectAsync("Pod", name);

        Assert.Equal(["ReplicaSet", "Deployment"], bundle.Owners.Select(owner => owner.Kind));
        Assert.All(bundle.Owners, owner => Assert.True(owner.Exists));
        Assert.Equal(name, bundle.Pods[0].Name);
        Assert.Equal("60Mi", bundle.Pods[0].Containers[0].Resources.Single(item => item.Resource == "memory").Usage);
        Assert.Equal(2, bundle.Revisions.Count);
        Assert.Equal("registry.example/web:1.1", Assert.Single(bundle.Change!.Differences).New);
        Assert.Equal($"log/{name}/app/current", Assert.Single(bundle.Logs).Id);
        Assert.Single(bundle.Siblings);
        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(bundle).Verdict);
    }

    [Theory]
    [InlineData("StatefulSet", "db-2", "db-2")]
    [InlineData("DaemonSet", "db-2", "2")]
    public async Task A_workload_with_controller_revisions_shows_what_changed_and_which_pods_are_of_which(
        string kind, string revision, string label)
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 1));
        var (spec, status) = kind == "StatefulSet"
            ? ("\"replicas\": 1, ",
                """ "observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "updateRevision": "db-2" """)
            : ("", """ "observedGeneration": 1, "desiredNumberScheduled": 1, "numberReady": 1, "updatedNumberScheduled": 1 """);
        await rig.CreateAsync(
            EvidenceObjects.Workload(kind, "db", "registry.example/db:1.2", Labels, spec, status),
            EvidenceObjects.Revision("db-1", kind, "db", 1, "registry.example/db:1.1", Labels),
            EvidenceObjects.Revision("db-2", kind, "db", 2, "registry.example/db:1.2", Labels),
            EvidenceObjects.Pod("db-0", $"{Labels}, \"controller-revision-hash\": \"{label}\"", ("apps/v1", kind, "db")));
        await rig.UntilAsync<Pod>("db-0", pod => pod.Status?.Condition("Ready")?.IsTrue == true);

        var bundle = await rig.CollectAsync(kind, "db");

        Assert.Equal((1, 1, 1), (bundle.Workload!.DesiredReplicas, bundle.Workload.ReadyReplicas, bundle.Workload.UpdatedReplicas));
        Assert.Equal(["db-2", "db-1"], bundle.Revisions.Select(item => item.Name));
        Assert.Equal(bundle.Workload.TemplateHash, bundle.Revisions[0].TemplateHash);
        Assert.Equal(1, bundle.Revisions[0].ReadyReplicas);
        var difference = Assert.Single(bundle.Change!.Differences);
        Assert.Equal(("spec.containers[app].image", "registry.example/db:1.1", "registry.example/db:1.2"),
            (difference.Path, difference.Old, difference.New));
        Assert.Equal(revision, Assert.Single(bundle.Pods).Revision);
        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(bundle).Verdict);
    }

    [Fact]
    public async Task A_failed_job_of_a_cron_job_shows_its_pods_from_both_ends_and_is_diagnosed()
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 1));
        const string Template = """
            "template": { "spec": { "restartPolicy": "Never", "containers": [ { "name": "app", "image": "registry.example/job:1.0" } ] } }
            """;
        await rig.CreateAsync(
            $$"""
            { "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "nightly" },
              "spec": { "schedule": "0 0 * * *", "jobTemplate": { "spec": { {{Template}} } } } }
            """,
            $$"""
            { "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "nightly-1",
                "ownerReferences": [ {{EvidenceObjects.Owner("batch/v1", "CronJob", "nightly")}} ] },
              "spec": { "backoffLimit": 0, "managedBy": "test.internal/nobody",
                "selector": { "matchLabels": { "job-name": "nightly-1" } }, {{Template}} },
              "status": { "failed": 1, "conditions": [ { "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded",
                "message": "Job has reached the specified backoff limit" } ] } }
            """,
            EvidenceObjects.Pod("nightly-1-x", "\"job-name\": \"nightly-1\"", ("batch/v1", "Job", "nightly-1")));
        await rig.UntilAsync<Pod>("nightly-1-x", pod => pod.Status?.Phase == "Running");

        var job = await rig.CollectAsync("Job", "nightly-1");
        var cron = await rig.CollectAsync("CronJob", "nightly");

        Assert.Equal("nightly", Assert.Single(job.Owners).Name);
        Assert.Equal("nightly-1-x", Assert.Single(job.Pods).Name);
        Assert.Equal("nightly-1-x", Assert.Single(cron.Pods).Name);
        Assert.Equal("0 0 * * *", cron.Object!.Fact("spec.schedule"));
        Assert.Equal(Causes.JobFailed, Diagnose(job).Leading()!.Cause);
        Assert.Contains("BackoffLimitExceeded", DetectionPolicy.Judge(job).Reason);
    }

    [Fact]
    public async Task A_node_shows_its_conditions_taints_and_pods_of_all_namespaces()
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 3));
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ReadyReplicas == 3);
        await rig.Client.PatchAsync<Node>(null, "node-1", Patch.Merge(new JsonObject
        {
            ["spec"] = new JsonObject { ["taints"] = new JsonArray(new JsonObject { ["key"] = "disk", ["effect"] = "NoSchedule" }) },
        }));
        await rig.CreateAsync("""
            { "apiVersion": "metrics.k8s.io/v1beta1", "kind": "NodeMetrics", "metadata": { "name": "node-1" }, "usage": { "cpu": "900m" } }
            """);

        var bundle = await rig.CollectAsync("Node", "node-1", "");

        var node = Assert.Single(bundle.Nodes);
        Assert.Equal(["disk=:NoSchedule"], node.Taints);
        Assert.Equal("900m", node.Facts.Single(fact => fact.Path == "usage.cpu").Value);
        Assert.True(node.Conditions.Single(condition => condition.Type == "Ready").Status);
        Assert.Equal(["node-2", "node-3"], bundle.Siblings.Select(item => item.Name));
        Assert.All(bundle.Pods, pod => Assert.Equal("node-1", pod.Node));
        Assert.NotEmpty(bundle.Pods);
    }

    [Fact]
    public async Task A_claim_shows_its_class_its_volume_and_the_pods_that_wait_for_it()
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 1));
        await rig.CreateAsync(
            """
            [ { "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": "fast" }, "provisioner": "csi.example",
                "allowVolumeExpansion": true },
              { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": "data" },
                "spec": { "storageClassName": "fast", "resources": { "requests": { "storage": "1Gi" } } } } ]
            """,
            EvidenceObjects.Pod("db-0", Labels, more: """
                , "volumes": [ { "name": "data", "persistentVolumeClaim": { "claimName": "data" } },
                               { "name": "gone", "persistentVolumeClaim": { "claimName": "gone" } } ]
                """));

        var claim = await rig.CollectAsync("PersistentVolumeClaim", "data");
        var pod = await rig.CollectAsync("Pod", "db-0");

        Assert.Equal("1Gi", claim.Object!.Fact("spec.resources.requests.storage"));
        Assert.Equal("db-0", Assert.Single(claim.Pods).Name);
        Assert.Equal("true", claim.Related.Single(item => item.Kind == "StorageClass").Fact("allowVolumeExpansion"));
        Assert.Equal(["persistentvolumeclaim/data", "storageclass/fast"], pod.Related.Select(item => item.Id));
        Assert.Contains("PersistentVolumeClaim 'gone' does not exist", pod.Gaps);
    }

    [Fact]
    public async Task An_autoscaler_leads_to_what_it_scales_a_budget_and_a_service_to_what_they_select()
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 2));
        await rig.CreateAsync("""
            [ { "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": { "name": "web", "annotations": { "simulator/wanted-replicas": "5" } },
                "spec": { "maxReplicas": 2, "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" } } },
              { "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": "web" },
                "spec": { "minAvailable": 2, "selector": { "matchLabels": { "app": "web" } } } },
              { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "nobody" },
                "spec": { "selector": { "app": "nobody" }, "ports": [ { "port": 80 } ] } } ]
            """);
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ReadyReplicas == 2);
        await rig.Client.GetAsync<KubernetesObject>(new ResourceKind("", "Endpoints"), EvidenceRig.Namespace, "nobody");
        await rig.UntilAsync<KubernetesObject>(
            new ResourceKind("autoscaling", "HorizontalPodAutoscaler"), "web",
            scaler => scaler.Field("status", "currentReplicas")?.ToString() == "2"
                && scaler.Field("status", "conditions")?.ToString().Contains("TooManyReplicas", StringComparison.Ordinal) == true);
        var drained = (await rig.Client.ListAsync<Pod>(EvidenceRig.Namespace)).Items[0].Spec!.NodeName!;
        await rig.Client.PatchAsync<Node>(null, drained, Patch.Merge(new JsonObject
        {
            ["spec"] = new JsonObject { ["unschedulable"] = true },
        }));

        var autoscaler = await rig.CollectAsync("HorizontalPodAutoscaler", "web");
        var budget = await rig.CollectAsync("PodDisruptionBudget", "web");
        var service = await rig.CollectAsync("Service", "nobody");

        Assert.Equal((2, 1), (autoscaler.Pods.Count, autoscaler.Revisions.Count));
        Assert.Equal(Causes.AutoscalerAtMaximum, Diagnose(autoscaler).Leading()!.Cause);
        Assert.Equal(2, budget.Pods.Count);
        Assert.Equal(Causes.DisruptionBudgetBlocks, Diagnose(budget).Leading()!.Cause);
        Assert.Equal(Causes.EndpointsEmpty, Diagnose(service).Leading()!.Cause);
    }

    [Fact]
    public async Task A_namespace_and_a_kind_that_nobody_knows_are_described_by_what_all_objects_have()
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 1));
        await rig.CreateAsync("""
            { "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": "leader" },
              "spec": { "holderIdentity": "a", "leaseDurationSeconds": 15, "adminPassword": "hunter2",
                "selector": { "matchLabels": 5 }, "template": { "spec": { "volumes": "none" } } } }
            """);
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ReadyReplicas == 1);

        var space = await rig.CollectAsync("Namespace", EvidenceRig.Namespace, "");
        var lease = await rig.CollectAsync("Lease.coordination.k8s.io", "leader");
        var unknown = await rig.CollectAsync("Gadget", "x");

        Assert.Equal("Active", space.Object!.Fact("status.phase"));
        Assert.Single(space.Pods);
        Assert.Equal("15", lease.Object!.Fact("spec.leaseDurationSeconds"));
        Assert.Equal(Scrubber.Redacted, lease.Object.Fact("spec.adminPassword"));
        Assert.Equal(DetectionVerdict.Faulty, DetectionPolicy.Judge(lease).Verdict);
        Assert.Contains("a custom one as Kind.group", Assert.Single(unknown.Gaps));
    }

    [Fact]
    public async Task Owners_that_are_gone_go_in_circles_or_are_of_a_kind_that_is_not_served_are_said()
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 1));
        await rig.CreateAsync(
            EvidenceObjects.Pod("rolled", Labels).Replace("\"labels\"", """
                "ownerReferences": [
                  { "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": "u1", "controller": true } ],
                "labels"
                """, StringComparison.Ordinal),
            """{ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" } }""",
            $$"""
            { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "b",
                "ownerReferences": [ {{EvidenceObjects.Owner("v1", "ConfigMap", "a")}} ] } }
            """);
        var b = await rig.Client.GetAsync<ConfigMap>(EvidenceRig.Namespace, "b");
        var toB = JsonNode.Parse(EvidenceObjects.Owner("v1", "ConfigMap", "b"))!;
        toB["uid"] = b.Metadata.Uid;
        await rig.Client.PatchAsync<ConfigMap>(EvidenceRig.Namespace, "a", Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["ownerReferences"] = new JsonArray(toB) },
        }));

        var pod = await rig.CollectAsync("Pod", "rolled");
        var circle = await rig.CollectAsync("ConfigMap", "a");

        Assert.Null(Assert.Single(pod.Owners).Exists);
        Assert.Contains(pod.Gaps, gap => gap.StartsWith("owner Rollout 'web': the cluster does not serve", StringComparison.Ordinal));
        Assert.Contains(circle.Gaps, gap => gap.Contains("owns itself", StringComparison.Ordinal));
        Assert.Equal("b", circle.Owners[0].Name);
    }

    [Fact]
    public async Task Secrets_are_known_by_name_version_and_keys_and_missing_ones_are_found()
    {
        const string Env = """
            , "envFrom": [ { "secretRef": { "name": "web-keys" } } ],
            "env": [ { "name": "X", "valueFrom": { "secretKeyRef": { "name": "gone", "key": "x" } } } ]
            """;
        await using var rig = await EvidenceRig.StartAsync(
            """
            { "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "web-keys", "namespace": "shop" },
              "data": { "PASSWORD": "aHVudGVyMg==" } }
            """,
            EvidenceObjects.Deployment("web", 1, more: Env));
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ObservedGeneration == 1 && item.Revision() == 1);

        var bundle = await rig.CollectAsync("Deployment", "web");

        var (gone, kept) = (bundle.Configs[0], bundle.Configs[1]);
        Assert.Equal(("gone", false, "Secret"), (gone.Name, gone.Exists, gone.Kind));
        Assert.Equal(("web-keys", true), (kept.Name, kept.Exists));
        Assert.NotNull(kept.ResourceVersion);
        Assert.Equal(["PASSWORD"], kept.Keys);
        Assert.Null(kept.Hash);
        var text = System.Text.Encoding.UTF8.GetString(EvidenceJson.Write(bundle));
        Assert.DoesNotContain("aHVudGVyMg", text);
        Assert.DoesNotContain("hunter2", text);
    }

    [Fact]
    public async Task Services_without_a_ready_backend_that_the_pods_name_are_told_and_no_others()
    {
        const string Named = """
            , "env": [ { "name": "STORE", "value": "http://store.shop:80/x" }, { "name": "CACHE", "value": "http://cache:80" },
                       { "name": "SELF", "value": "http://orders" } ]
            """;
        await using var rig = await EvidenceRig.StartAsync(
            EvidenceObjects.Deployment("orders", 1, more: Named), EvidenceObjects.Deployment("store", 1),
            EvidenceObjects.Deployment("ledger", 1), EvidenceObjects.Deployment("cache", 1), EvidenceObjects.Deployment("aside", 1));
        await rig.AddFaultAsync(Fault("orders") with { Crash = new CrashEffect(1, 1, "fatal: ledger:80: connection refused") });
        foreach (var name in new[] { "store", "ledger", "aside" })
        {
            await rig.AddFaultAsync(Fault(name) with { NeverReady = new NeverReadyEffect() });
        }

        foreach (var name in new[] { "orders", "store", "ledger", "cache", "aside" })
        {
            await rig.CreateAsync($$"""
                { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "{{name}}" },
                  "spec": { "selector": { "app": "{{name}}" }, "ports": [ { "port": 80 } ] } }
                """);
        }

        await rig.UntilAsync<Deployment>("cache", item => item.Status?.ReadyReplicas == 1);
        var bundle = await UntilAsync(
            () => rig.CollectAsync("Deployment", "orders"),
            found => found.Dependencies.Count == 2 && found.Dependencies[0].Complained);

        Assert.Equal([("ledger", 1, true), ("store", 1, false)],
            bundle.Dependencies.Select(found => (found.Service, found.NotReady, found.Complained)));
        Assert.Equal("variable STORE of container 'app'", bundle.Dependencies[1].NamedBy);
        Assert.Equal(Causes.DependencyUnready, Diagnose(bundle).Leading()!.Cause);
        Assert.Null(bundle.BlockedUntil);

        // What is just back was missed all the same: whoever looks now has nothing else against the program that crashed for want of it.
        await rig.RemoveFaultAsync("ledger");
        await rig.RemoveFaultAsync("store");
        bundle = await UntilAsync(
            () => rig.CollectAsync("Deployment", "orders"), found => found.Dependencies.Count == 0 && found.BlockedUntil is not null);
        Assert.Contains("was not ready until", Diagnose(bundle).Leading()!.Statement);

        static FaultDescription Fault(string app) =>
            new() { Name = app, Match = new FaultMatch { PodLabels = new Dictionary<string, string> { ["app"] = app } } };
    }

    // Some of it the simulated cluster brings about after the next look only.
    private static async Task<EvidenceBundle> UntilAsync(Func<Task<EvidenceBundle>> look, Func<EvidenceBundle, bool> isThere)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var bundle = await look();
            if (isThere(bundle) || waited.Elapsed > TimeSpan.FromSeconds(60)) return bundle;
            await Task.Delay(100);
        }
    }

    private static async Task EndpointsAsync(EvidenceRig rig, int ready)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var kind = new ResourceKind("discovery.k8s.io", "EndpointSlice");
        await foreach (var change in rig.Client.WatchAsync<KubernetesObject>(kind, EvidenceRig.Namespace, cancellationToken: limit.Token))
        {
            if (change.Object.Field("endpoints")?.GetArrayLength() == ready) return;
        }
    }

    private static Diagnosis Diagnose(EvidenceBundle bundle) => Diagnostician.Diagnose(bundle, DetectionPolicy.Judge(bundle));
}
