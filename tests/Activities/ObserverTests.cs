using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Objects as servers of several versions write them, and what detectors are told of them.</summary>
public sealed class ObserverTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Of_a_pod_its_containers_conditions_owner_and_marks_are_told_and_secrets_are_not()
    {
        var pod = (ObservedPod)Observe<Pod>("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-1-a","namespace":"shop","uid":"u1",
              "creationTimestamp":"2026-01-01T11:00:00Z","deletionTimestamp":"2026-01-01T11:59:00Z","finalizers":["example.test/hold"],
              "labels":{"app":"web"},"annotations":{"heal.internal/maintenance":"2026-01-01T18:00:00Z","heal.internal/autonomy":"observe"},
              "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-1","uid":"u2","controller":true}]},
             "spec":{"nodeName":"node1","containers":[]},
             "status":{"phase":"Running","conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2026-01-01T11:30:00Z"}],
              "initContainerStatuses":[{"name":"init","restartCount":0,"state":{"terminated":{"exitCode":0,"reason":"Completed"}}}],
              "containerStatuses":[{"name":"app","restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff",
                "message":"back-off of https://user:hunter2@registry.example.test/web"}},
                "lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled","finishedAt":"2026-01-01T11:58:00Z"}}}]}}
            """);

        Assert.Equal(new OwnerInfo("ReplicaSet", "web-1", "u2"), pod.Info.Owner);
        Assert.True(pod.Info.IsMarked);
        Assert.Equal(Now.AddHours(6), pod.Info.MaintenanceUntil);
        Assert.Equal((Now.AddMinutes(-1), "node1"), (pod.Info.DeletedAt, pod.Node));
        Assert.Equal(["init", "app"], pod.Containers.Select(container => container.Name));
        var app = pod.Containers[1];
        Assert.Equal((4, "CrashLoopBackOff"), (app.Restarts, app.Waiting));
        Assert.Equal(new ObservedExit(137, "OOMKilled", Now.AddMinutes(-2)), app.LastExit);
        Assert.DoesNotContain("hunter2", app.WaitingMessage);
        Assert.Equal(Now.AddMinutes(-30), pod.Condition("Ready")!.Since);
    }

    [Fact]
    public void Of_the_containers_that_start_first_sidecars_are_told_from_steps()
    {
        var pod = (ObservedPod)Observe<Pod>("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"nightly-x","namespace":"shop","uid":"u1"},
             "spec":{"containers":[{"name":"app"}],"initContainers":[{"name":"proxy","restartPolicy":"Always"},{"name":"migrate"}]},
             "status":{"observedGeneration":1,"phase":"Pending","conditions":[{"type":"Ready","status":"False","observedGeneration":1}],
              "initContainerStatuses":[{"name":"proxy","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}}},
                {"name":"migrate","state":{"waiting":{"reason":"PodInitializing"}}}],
              "containerStatuses":[{"name":"app","state":{"waiting":{"reason":"PodInitializing"}},
                "resources":{"limits":{"memory":"1Gi"}},"allocatedResources":{"cpu":"1"}}]}}
            """);

        Assert.Equal(
            [("proxy", true, true), ("migrate", true, false), ("app", false, false)],
            pod.Containers.Select(container => (container.Name, container.IsInit, container.IsSidecar)));
        Assert.Equal("status.initContainerStatuses[proxy]", pod.Containers[0].Path);
    }

    [Theory]
    [InlineData("policy/v1")]
    [InlineData("policy/v1beta1")]
    public void Of_a_budget_all_versions_say_the_same(string version)
    {
        var budget = (ObservedBudget)Observe<KubernetesObject>($$$"""
            {"apiVersion":"{{{version}}}","kind":"PodDisruptionBudget",
             "metadata":{"name":"web","namespace":"shop","uid":"u","generation":2},
             "spec":{"minAvailable":3,"selector":{"matchLabels":{"app":"web"},
               "matchExpressions":[{"key":"tier","operator":"NotIn","values":["test"]}]} },
             "status":{"observedGeneration":2,"disruptionsAllowed":0,"currentHealthy":3,"desiredHealthy":3,"expectedPods":3} }
            """);

        Assert.Equal((0, 3, 3, 3, true), (budget.Allowed, budget.Healthy, budget.WantedHealthy, budget.Expected, budget.IsObserved));
        Assert.True(budget.Selector.Matches(new Dictionary<string, string> { ["app"] = "web" }));
        Assert.False(budget.Selector.Matches(new Dictionary<string, string> { ["app"] = "web", ["tier"] = "test" }));
        Assert.False(budget.Selector.Matches(null));
    }

    [Fact]
    public void Endpoints_and_their_slices_are_counted_alike()
    {
        var endpoints = (ObservedBackends)Observe<KubernetesObject>("""
            {"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"web","namespace":"shop","uid":"u"},
             "subsets":[{"addresses":[{"ip":"10.0.0.1"}],"notReadyAddresses":[{"ip":"10.0.0.2"},{"ip":"10.0.0.3"}]}]}
            """);
        var slice = (ObservedBackends)Observe<KubernetesObject>("""
            {"apiVersion":"discovery.k8s.io/v1beta1","kind":"EndpointSlice","metadata":{"name":"web-x","namespace":"shop","uid":"u",
               "labels":{"kubernetes.io/service-name":"web"}},
             "endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true}},
               {"addresses":["10.0.0.2"],"conditions":{"ready":false}},{"addresses":["10.0.0.3"],"conditions":{"ready":false}}]}
            """);

        Assert.Equal(("web", 1, 2), (endpoints.Service, endpoints.Ready, endpoints.NotReady));
        Assert.Equal(("web", 1, 2), (slice.Service, slice.Ready, slice.NotReady));
    }

    [Fact]
    public void Since_when_a_node_is_cordoned_its_taint_says_or_else_our_first_sight_of_it()
    {
        const string Cordoned = """
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"node1","uid":"u"},
             "spec":{"unschedulable":true,"taints":[TAINT]},"status":{}}
            """;
        const string Taint = """
            {"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule","timeAdded":"2026-01-01T09:00:00Z"}
            """;
        var first = (ObservedNode)Observe<Node>(Cordoned.Replace("TAINT", ""));
        var node = KubernetesObject.FromJson<Node>(JsonNode.Parse(Cordoned.Replace("TAINT", ""))!);

        Assert.Equal(Now.AddHours(-3), ((ObservedNode)Observe<Node>(Cordoned.Replace("TAINT", Taint))).CordonedAt);
        Assert.Equal(Now, first.CordonedAt);
        Assert.Equal(Now, ((ObservedNode)Observer.Of(node, first, Now.AddHours(1))!).CordonedAt);
    }

    [Fact]
    public void Of_quotas_autoscalers_and_jobs_the_fields_are_read_that_all_versions_have()
    {
        var quota = (ObservedQuota)Observe<KubernetesObject>("""
            {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"team","namespace":"shop","uid":"u"},
             "status":{"hard":{"requests.memory":"1Gi","pods":"10"},"used":{"requests.memory":"1024Mi","pods":"9"} } }
            """);
        var autoscaler = (ObservedAutoscaler)Observe<KubernetesObject>("""
            {"apiVersion":"autoscaling/v2beta2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web","namespace":"shop","uid":"u"},
             "spec":{"maxReplicas":5},"status":{"currentReplicas":5,"desiredReplicas":5,"conditions":[
               {"type":"ScalingLimited","status":"True","reason":"TooManyReplicas","lastTransitionTime":"2026-01-01T11:00:00Z"}]} }
            """);
        var job = (ObservedJob)Observe<KubernetesObject>("""
            {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"nightly","namespace":"shop","uid":"u"},
             "status":{"failed":2,"conditions":[{"type":"Failed","status":"True","reason":"DeadlineExceeded"}]} }
            """);

        Assert.Equal(["requests.memory"], quota.Uses.Where(use => use.IsExhausted).Select(use => use.Resource));
        Assert.Equal((1, 5, 5, true), (autoscaler.Minimum, autoscaler.Maximum, autoscaler.Current, autoscaler.Limited!.IsTrue));
        Assert.Equal((2, "DeadlineExceeded"), (job.Retries, job.Failed!.Reason));
    }

    [Fact]
    public void A_stateful_set_that_waits_for_somebody_counts_as_updated()
    {
        ObservedWorkload Of(string strategy) => (ObservedWorkload)Observe<StatefulSet>($$$"""
            {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db","namespace":"shop","uid":"u","generation":2},
             "spec":{"replicas":3,"updateStrategy":{{{strategy}}},"template":{"metadata":{"labels":{"app":"db"} } } },
             "status":{"observedGeneration":2,"replicas":3,"readyReplicas":3,"updatedReplicas":1,
              "currentRevision":"a","updateRevision":"b"} }
            """);

        Assert.False(Of("""{"type":"RollingUpdate"}""").IsRolledOut);
        Assert.True(Of("""{"type":"OnDelete"}""").IsRolledOut);
        Assert.True(Of("""{"type":"RollingUpdate","rollingUpdate":{"partition":2}}""").IsRolledOut);
    }

    private static Observed Observe<T>(string json) where T : KubernetesObject =>
        Observer.Of(KubernetesObject.FromJson<T>(JsonNode.Parse(json)!), null, Now)!;
}
