using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Patching;
using Heal.Simulator.Storage;
using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Api;

/// <summary>scale, log and eviction. resize is a write of a part.</summary>
internal sealed class Subresources(Registry registry, IContainerLogs logs)
{
    public Task GetScaleAsync(HttpContext http, RequestTarget target)
        => Responses.JsonAsync(http, 200, Scale(registry.Get(target.Type, target.Namespace, target.Name).Json));

    public async Task WriteScaleAsync(HttpContext http, RequestTarget target)
    {
        var body = await BodyReader.ReadAsync(http);
        var media = BodyReader.MediaType(http);
        var next = registry.Update(target.Type, target.Namespace, target.Name, o =>
        {
            var scale = Scale(o);
            scale = http.Request.Method == "PUT" ? body as JsonObject ?? []
                : media == "application/json-patch+json" ? JsonPatch.Apply(scale, body) : (JsonObject)MergePatch.Apply(scale, body)!;
            if (scale.At("spec", "replicas") is not null && scale.Number("spec", "replicas") is null)
                throw ApiException.BadRequest("json: cannot unmarshal spec.replicas, expected a whole number");
            if (scale.Text("metadata", "resourceVersion") is { Length: > 0 } version)
                o.Meta()["resourceVersion"] = version;
            o.Ensure("spec")["replicas"] = scale.Number("spec", "replicas") ?? 0;
            return o;
        }, WriteRequests.Context(http, "scale"));
        await Responses.JsonAsync(http, 200, Scale(next.Json));
    }

    public Task LogAsync(HttpContext http, RequestTarget target)
    {
        var pod = registry.Get(target.Type, target.Namespace, target.Name).Json;
        var query = http.Request.Query;
        if (query["follow"].ToString() is "true" or "1")
            throw ApiException.BadRequest("follow is not served by the simulator; read the log again instead");
        var containers = pod.Items("spec", "containers").Concat(pod.Items("spec", "initContainers"))
            .Select(c => c.Text("name") ?? "").ToList();
        var container = query["container"].ToString();
        if (container.Length == 0 && pod.Items("spec", "containers").Count() > 1)
            throw ApiException.BadRequest(
                $"a container name must be specified for pod {target.Name}, choose one of: [{string.Join(' ', containers)}]");
        container = container.Length == 0 ? containers[0] : container;
        if (!containers.Contains(container))
            throw ApiException.BadRequest($"container {container} is not valid for pod {target.Name}");
        var previous = query["previous"].ToString() is "true" or "1";
        var text = logs.Read(pod.Uid(), container, previous) ?? throw NoLog(pod, container, previous);
        return Responses.TextAsync(http, Cut(text, ReadRequests.Number(http, "tailLines"), ReadRequests.Number(http, "limitBytes")));
    }

    public async Task EvictAsync(HttpContext http, RequestTarget target)
    {
        var body = await BodyReader.ReadObjectAsync(http);
        lock (registry.Store.Gate)
        {
            var pod = registry.Get(target.Type, target.Namespace, target.Name).Json;
            var counts = pod.Text("status", "phase") is not ("Pending" or "Succeeded" or "Failed") && !pod.IsDeleting();
            foreach (var budget in registry.Store.List(ResourceCatalog.PodDisruptionBudgets, target.Namespace).Items)
            {
                if (counts && LabelSelector.FromObject(budget.Json.At("spec", "selector")).Matches(pod) && !IsFree(budget.Json, pod))
                    Spend(budget, WriteRequests.Context(http).DryRun);
            }
            var options = body["deleteOptions"];
            if (!WriteRequests.Context(http).DryRun)
                MarkDisrupted(target);
            registry.Delete(new ObjectKey(target.Type, target.Namespace, target.Name),
                new DeleteOptions(options.Number("gracePeriodSeconds"), DryRun: WriteRequests.Context(http).DryRun));
        }
        await Responses.JsonAsync(http, 201, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["code"] = 201,
        });
    }

    /// <summary>A pod that is not ready costs nothing where the budget says so, else as long as enough others are healthy.</summary>
    private static bool IsFree(JsonObject budget, JsonObject pod)
    {
        if (Controllers.Conditions.IsTrue(pod, "Ready"))
            return false;
        var (healthy, needed) = (budget.Number("status", "currentHealthy") ?? 0, budget.Number("status", "desiredHealthy") ?? 0);
        return budget.Text("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow" || (needed > 0 && healthy >= needed);
    }

    private void MarkDisrupted(RequestTarget target) => registry.Update(target.Type, target.Namespace, target.Name, pod =>
    {
        Controllers.Conditions.Set(
            pod, "DisruptionTarget", true, "EvictionByEvictionAPI", "Eviction API: evicting", registry.Clock.Timestamp());
        return pod;
    }, new WriteContext("kube-apiserver", "status"));

    private void Spend(StoredObject budget, bool dryRun)
    {
        var status = budget.Json["status"];
        if ((status.Number("disruptionsAllowed") ?? 0) <= 0)
        {
            var why = $"The disruption budget {budget.Key.Name} needs {status.Number("desiredHealthy") ?? 0} healthy pods "
                + $"and has {status.Number("currentHealthy") ?? 0} currently";
            throw new ApiException(429, "TooManyRequests",
                "Cannot evict pod as it would violate the pod's disruption budget.", new JsonObject
            {
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = why }),
            });
        }
        if (dryRun)
            return;
        // Spent at once, so that two evictions in a row cannot use the same allowance before the controller has counted again.
        registry.Update(budget.Type, budget.Key.Namespace, budget.Key.Name, o =>
        {
            o.Ensure("status")["disruptionsAllowed"] = status.Number("disruptionsAllowed")!.Value - 1;
            return o;
        }, WriteContext.ControllerStatus);
    }

    private static ApiException NoLog(JsonObject pod, string container, bool previous)
    {
        if (previous)
            return ApiException.BadRequest($"previous terminated container \"{container}\" in pod \"{pod.Name()}\" not found");
        var reason = pod.Items("status", "containerStatuses")
            .FirstOrDefault(s => s.Text("name") == container)
            .Text("state", "waiting", "reason");
        return ApiException.BadRequest(
            $"container \"{container}\" in pod \"{pod.Name()}\" is waiting to start: {reason ?? "ContainerCreating"}");
    }

    private static string Cut(string text, long? lines, long? bytes)
    {
        if (lines is { } n)
        {
            var all = text.TrimEnd('\n').Split('\n');
            text = text.Length == 0 || n == 0 ? "" : string.Join('\n', all.TakeLast((int)Math.Min(n, int.MaxValue))) + "\n";
        }
        return bytes is { } limit && limit < text.Length ? text[..(int)limit] : text;
    }

    private static JsonObject Scale(JsonObject o) => new()
    {
        ["kind"] = "Scale",
        ["apiVersion"] = "autoscaling/v1",
        ["metadata"] = new JsonObject
        {
            ["name"] = o.Name(),
            ["namespace"] = o.Namespace(),
            ["uid"] = o.Uid(),
            ["resourceVersion"] = o.Text("metadata", "resourceVersion"),
            ["creationTimestamp"] = o.Text("metadata", "creationTimestamp"),
        },
        ["spec"] = new JsonObject { ["replicas"] = o.Number("spec", "replicas") ?? 0 },
        ["status"] = new JsonObject
        {
            ["replicas"] = o.Number("status", "replicas") ?? 0,
            ["selector"] = string.Join(',', o.Texts("spec", "selector", "matchLabels").Select(p => $"{p.Key}={p.Value}")),
        },
    };
}

/// <summary>Where the output of containers is read; null when there is none.</summary>
internal interface IContainerLogs
{
    string? Read(string podUid, string container, bool previous);
}
