using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Simulator;
using Heal.Simulator.Faults;

namespace Heal.EndToEnd.Tests;

/// <summary>
/// A simulated cluster with Deployments that may be healed, seen through its public API only, as a person with kubectl sees it.
/// </summary>
internal sealed class SimulatedCluster : IAsyncDisposable
{
    public const string Namespace = "shop";

    private readonly SimulatorServer _server;
    private readonly HttpClient _http;

    private SimulatedCluster(SimulatorServer server, InterceptingProxy proxy)
    {
        _server = server;
        Proxy = proxy;
        _http = new HttpClient { BaseAddress = new Uri(server.Url) };
    }

    /// <summary>What the app talks to.</summary>
    public InterceptingProxy Proxy { get; }

    public static async Task<SimulatedCluster> StartAsync(double speed)
    {
        SimulatorServer server = await SimulatorServer.StartAsync(new SimulatorOptions
        {
            Faults = [.. DemoSeed.Faults, new FaultDescription { Name = "hungry", Memory = new MemoryEffect("96Mi") }], Speed = speed,
        });
        var cluster = new SimulatedCluster(server, await InterceptingProxy.StartAsync(new Uri(server.Url)));
        await cluster.PostAsync("/api/v1/namespaces", $$$"""
            {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{Namespace}}}","annotations":{"heal.internal/autonomy":"act"}} }
            """);
        return cluster;
    }

    public async Task CreateDeploymentAsync(string name, int replicas = 2)
    {
        await PostAsync($"/api/v1/namespaces/{Namespace}/configmaps", ConfigMap($"{name}-good", "normal"));
        await PostAsync($"/api/v1/namespaces/{Namespace}/configmaps", ConfigMap($"{name}-bad", "broken"));
        await PostAsync($"/apis/apps/v1/namespaces/{Namespace}/deployments", $$$"""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"{{{name}}}"},"spec":{"replicas":{{{replicas}}},
             "selector":{"matchLabels":{"app":"{{{name}}}"}},
             "template":{"metadata":{"labels":{"app":"{{{name}}}"}},"spec":{
               "volumes":[{"name":"config","configMap":{"name":"{{{name}}}-good"}}],
               "containers":[{"name":"main","image":"nginx:1.25","volumeMounts":[{"name":"config","mountPath":"/etc/app"}]}]} } } }
            """);
        await UntilAsync(name, IsHealthy);
    }

    /// <summary>The crashloop fault: the Deployment mounts a bad ConfigMap.</summary>
    public async Task MountBadConfigAsync(string name)
    {
        await MountConfigAsync(name, $"{name}-bad");
        await UntilPodWaitsAsync(name, "CrashLoopBackOff");
    }

    /// <summary>As a person who puts that right, too.</summary>
    public Task MountConfigAsync(string name, string configMap) => PatchAsync(name, $$$"""
        {"spec":{"template":{"spec":{"volumes":[{"name":"config","configMap":{"name":"{{{configMap}}}"}} ] } } } }
        """);

    /// <summary>The out-of-memory fault: a limit below what the program needs.</summary>
    public Task LimitMemoryAsync(string name, string limit) => PatchAsync(name, $$$"""
        {"spec":{"template":{"spec":{"containers":[{"name":"main","resources":{"limits":{"memory":"{{{limit}}}"} } }]} } } }
        """);

    /// <summary>The stuck-rollout fault: an image tag that does not exist.</summary>
    public async Task SetMissingImageAsync(string name)
    {
        await PatchAsync(name, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"nginx:nothere"}]}}}}""");
        await UntilPodWaitsAsync(name, "ImagePullBackOff");
    }

    /// <summary>A Service of the Deployment of the same name, once it has a ready backend.</summary>
    public async Task CreateServiceAsync(string name)
    {
        await PostAsync($"/api/v1/namespaces/{Namespace}/services", $$$"""
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"{{{name}}}"},
             "spec":{"selector":{"app":"{{{name}}}"},"ports":[{"port":5432}]} }
            """);
        await UntilBackendsAsync(name, areReady: true);
    }

    /// <summary>Has a Service select pods of another name, once it has no backend any more.</summary>
    public async Task MisdirectServiceAsync(string name, string app)
    {
        await PatchAsync(ServiceOf(name), name, $$$"""{"spec":{"selector":{"app":"{{{app}}}"} } }""");
        await UntilBackendsAsync(name, areReady: false);
    }

    public async Task<string?> SelectedByServiceAsync(string name) =>
        (string?)(await _http.GetFromJsonAsync<JsonObject>(ServiceOf(name)))!["spec"]!["selector"]!["app"];

    /// <summary>Waits until a Service has ready backends, or none.</summary>
    public async Task UntilBackendsAsync(string service, bool areReady)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var slices = new Uri(
            $"/apis/discovery.k8s.io/v1/namespaces/{Namespace}/endpointslices?labelSelector=kubernetes.io/service-name%3D{service}",
            UriKind.Relative);
        while (true)
        {
            JsonArray found = (await _http.GetFromJsonAsync<JsonObject>(slices))!["items"]!.AsArray();
            bool any = found.SelectMany(slice => slice!["endpoints"]?.AsArray() ?? [])
                .Any(item => (bool?)item!["conditions"]?["ready"] != false);
            if (found.Count > 0 && any == areReady)
            {
                return;
            }

            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>A rollout that takes the old pods away first.</summary>
    public Task ReplaceAtOnceAsync(string name) => PatchAsync(name, """
        {"spec":{"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":"100%"} } } }
        """);

    /// <summary>A change that nothing minds.</summary>
    public async Task SetImageAsync(string name, string image)
    {
        await PatchAsync(name, $$$"""{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"{{{image}}}"}]} } } }""");
        await UntilAsync(name, IsHealthy);
    }

    /// <summary>The Deployment's containers crash and say why, from their next start on.</summary>
    public async Task CrashAsync(string name, string log)
    {
        var fault = new FaultDescription
        {
            Name = name,
            Match = new FaultMatch { PodLabels = new Dictionary<string, string>(StringComparer.Ordinal) { ["app"] = name } },
            Crash = new CrashEffect(1, 1, log),
        };
        using HttpResponseMessage answer = await _http.PostAsJsonAsync(new Uri("/simulator/faults", UriKind.Relative), fault);
        answer.EnsureSuccessStatusCode();
        foreach (JsonObject pod in await GetPodsAsync(name))
        {
            string path = $"/api/v1/namespaces/{Namespace}/pods/{(string?)pod["metadata"]!["name"]}";
            using HttpResponseMessage deleted = await _http.DeleteAsync(new Uri(path, UriKind.Relative));
        }
    }

    /// <summary>They do not any more.</summary>
    public async Task UncrashAsync(string name)
    {
        using HttpResponseMessage answer = await _http.DeleteAsync(new Uri($"/simulator/faults/{name}", UriKind.Relative));
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Sets an annotation of a Deployment.</summary>
    public Task AnnotateAsync(string name, string annotation, string value) => PatchAsync(name, $$$"""
        {"metadata":{"annotations":{"{{{annotation}}}":"{{{value}}}"} } }
        """);

    /// <summary>A Deployment with an autoscaler that is at its ceiling and wants more.</summary>
    public async Task CreateMaxedAutoscalerAsync(string name, int ceiling)
    {
        await CreateDeploymentAsync(name, ceiling);
        await PostAsync($"/apis/autoscaling/v2/namespaces/{Namespace}/horizontalpodautoscalers", $$$"""
            {"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
             "metadata":{"name":"{{{name}}}","annotations":{"simulator/wanted-replicas":"{{{ceiling + 3}}}"} },
             "spec":{"minReplicas":1,"maxReplicas":{{{ceiling}}},
              "scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"{{{name}}}"} } }
            """);
        await UntilAutoscalerAsync(name, scaler => (int?)scaler["status"]?["currentReplicas"] == ceiling);
    }

    public async Task<int> CeilingAsync(string name) => (int)(await GetAutoscalerAsync(name))["spec"]!["maxReplicas"]!;

    public async Task UntilAutoscalerAsync(string name, Func<JsonObject, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition(await GetAutoscalerAsync(name)))
        {
            await Task.Delay(20, limit.Token);
        }
    }

    public Task CreateJobAsync(string name) => PostAsync($"/apis/batch/v1/namespaces/{Namespace}/jobs", $$$"""
        {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"{{{name}}}"},"spec":{"template":{
         "metadata":{"labels":{"job":"{{{name}}}"} },
         "spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"nginx:1.25"}]} } } }
        """);

    /// <summary>As the Job controller when it gives up.</summary>
    public Task FailJobAsync(string name) => PatchAsync(new Uri(
        $"/apis/batch/v1/namespaces/{Namespace}/jobs/{name}/status", UriKind.Relative), name, $$$"""
        {"status":{"failed":3,"conditions":[{"type":"Failed","status":"True","reason":"BackoffLimitExceeded",
         "message":"it has reached its limit","lastTransitionTime":"{{{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ssZ}}}"}]} }
        """);

    /// <summary>As a kubelet tells of its machine, or the controller that misses it.</summary>
    public Task SetNodeAsync(string name, Guid systemUuid, bool ready) => PatchAsync(
        new Uri($"/api/v1/nodes/{name}/status", UriKind.Relative), name, $$$"""
        {"status":{"nodeInfo":{"systemUUID":"{{{systemUuid}}}"},"conditions":[{"type":"Ready",
         "status":"{{{(ready ? "True" : "Unknown")}}}","reason":"test",
         "lastTransitionTime":"{{{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ssZ}}}"}]} }
        """);

    /// <summary>Sets an annotation of a node.</summary>
    public Task AnnotateNodeAsync(string name, string annotation, string value) => PatchAsync(
        new Uri($"/api/v1/nodes/{name}", UriKind.Relative), name, $$$"""
        {"metadata":{"annotations":{"{{{annotation}}}":"{{{value}}}"} } }
        """);

    public async Task<JsonObject> GetNodeAsync(string name) =>
        (await _http.GetFromJsonAsync<JsonObject>(new Uri($"/api/v1/nodes/{name}", UriKind.Relative)))!;

    public async Task<JsonObject> GetDeploymentAsync(string name) =>
        (await _http.GetFromJsonAsync<JsonObject>(new Uri($"/apis/apps/v1/namespaces/{Namespace}/deployments/{name}", UriKind.Relative)))!;

    private async Task<JsonObject> GetAutoscalerAsync(string name) => (await _http.GetFromJsonAsync<JsonObject>(new Uri(
        $"/apis/autoscaling/v2/namespaces/{Namespace}/horizontalpodautoscalers/{name}", UriKind.Relative)))!;

    public async Task<IReadOnlyList<JsonObject>> GetPodsAsync(string name)
    {
        JsonObject list = (await _http.GetFromJsonAsync<JsonObject>(
            new Uri($"/api/v1/namespaces/{Namespace}/pods?labelSelector=app%3D{name}", UriKind.Relative)))!;
        return [.. list["items"]!.AsArray().Select(item => item!.AsObject())];
    }

    /// <summary>The generation counts changes of the spec: 1 created, 2 broken, 3 put back.</summary>
    public static int Generation(JsonObject deployment) => (int)deployment["metadata"]!["generation"]!;

    public static bool IsHealthy(JsonObject deployment)
    {
        JsonNode? status = deployment["status"];
        int wanted = (int)deployment["spec"]!["replicas"]!;
        return (int?)status?["observedGeneration"] == Generation(deployment)
            && (int?)status?["updatedReplicas"] == wanted
            && (int?)status?["readyReplicas"] == wanted
            && ((int?)status?["unavailableReplicas"] ?? 0) == 0;
    }

    public async Task UntilAsync(string name, Func<JsonObject, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition(await GetDeploymentAsync(name)))
        {
            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>The name of a pod that waits for this reason, once there is one.</summary>
    public async Task<string> UntilPodWaitsAsync(string name, string reason)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            foreach (JsonObject pod in await GetPodsAsync(name))
            {
                string? waits = (string?)pod["status"]?["containerStatuses"]?[0]?["state"]?["waiting"]?["reason"];
                if (waits == reason)
                {
                    return (string)pod["metadata"]!["name"]!;
                }
            }

            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>The names of the pods that mount a ConfigMap, once there are so many.</summary>
    public async Task<IReadOnlyList<string>> UntilPodsMountAsync(string name, string configMap, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            List<string> found =
            [
                .. (await GetPodsAsync(name))
                    .Where(pod => (string?)pod["spec"]!["volumes"]![0]!["configMap"]!["name"] == configMap)
                    .Select(pod => (string)pod["metadata"]!["name"]!),
            ];
            if (found.Count == count)
            {
                return found;
            }

            await Task.Delay(20, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        await _server.DisposeAsync();
        _http.Dispose();
    }

    private static Uri ServiceOf(string name) => new($"/api/v1/namespaces/{Namespace}/services/{name}", UriKind.Relative);

    private static string ConfigMap(string name, string mode) => $$$"""
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"mode":"{{{mode}}}"}}
        """;

    private async Task PostAsync(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _http.PostAsync(new Uri(path, UriKind.Relative), content);
        Assert.True(answer.IsSuccessStatusCode, $"POST {path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    private Task PatchAsync(string name, string json) =>
        PatchAsync(new Uri($"/apis/apps/v1/namespaces/{Namespace}/deployments/{name}", UriKind.Relative), name, json);

    private async Task PatchAsync(Uri address, string name, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/strategic-merge-patch+json");
        using HttpResponseMessage answer = await _http.PatchAsync(address, content);
        Assert.True(answer.IsSuccessStatusCode, $"PATCH {name}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }
}
