using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>Gives each namespace its default ServiceAccount, and empties one that is deleted before it lets it go.</summary>
internal sealed class NamespaceController(Registry registry) : IController
{
    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
        => changed.Type == ResourceCatalog.Namespaces ? [changed.Key]
            : changed.Type.Namespaced ? [new ObjectKey(ResourceCatalog.Namespaces, "", changed.Key.Namespace)] : [];

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, "", key.Name)?.Json is not { } space)
            return null;
        if (!space.IsDeleting())
        {
            if (registry.Store.Find(ResourceCatalog.ServiceAccounts, key.Name, "default") is null)
                registry.Create(ResourceCatalog.ServiceAccounts, key.Name,
                    new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } }, WriteContext.Controllers);
            return null;
        }
        var left = registry.Store.Everything().Where(o => o.Type.Namespaced && o.Key.Namespace == key.Name).ToList();
        foreach (var o in left.Where(o => !o.Json.IsDeleting()))
            registry.Delete(o.Key, new DeleteOptions());
        if (registry.Store.Everything().Any(o => o.Type.Namespaced && o.Key.Namespace == key.Name))
            return null;
        registry.Update(key.Type, "", key.Name, o =>
        {
            o.Object("spec")?.Remove("finalizers");
            return o;
        }, WriteContext.Controllers);
        return null;
    }
}

/// <summary>Writes the Endpoints of Services with a selector.</summary>
internal sealed class EndpointsController(Registry registry) : IController
{
    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        if (changed.Type == ResourceCatalog.Services)
            return [changed.Key];
        return changed.Type == ResourceCatalog.Pods
            ? registry.Store.List(ResourceCatalog.Services, changed.Key.Namespace).Items
                .Where(s => Selects(s.Json, changed.Json))
                .Select(s => s.Key)
            : [];
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        var existing = registry.Store.Find(ResourceCatalog.Endpoints, key.Namespace, key.Name);
        if (registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json is not { } service)
        {
            if (existing is not null)
                registry.Delete(existing.Key, new DeleteOptions());
            return null;
        }
        if (service.Object("spec", "selector") is null)
            return null;
        var subsets = Subsets(service);
        if (existing is null)
            registry.Create(ResourceCatalog.Endpoints, key.Namespace,
                new JsonObject { ["metadata"] = new JsonObject { ["name"] = key.Name }, ["subsets"] = subsets }, WriteContext.Controllers);
        else
            registry.Update(ResourceCatalog.Endpoints, key.Namespace, key.Name, o =>
            {
                o["subsets"] = subsets;
                return o;
            }, WriteContext.Controllers);
        return null;
    }

    private static bool Selects(JsonObject service, JsonObject pod)
        => service.Object("spec", "selector") is { Count: > 0 } selector && LabelSelector.FromMap(selector).Matches(pod);

    private JsonArray Subsets(JsonObject service)
    {
        var pods = registry.Store.List(ResourceCatalog.Pods, service.Namespace()).Items.Select(p => p.Json)
            .Where(p => Selects(service, p) && !p.IsDeleting() && p.Text("status", "podIP") is not null);
        return
        [
            .. pods.Select(p => (Pod: p, Ports: Ports(service, p)))
                .Where(item => item.Ports.Count > 0 || !service.Items("spec", "ports").Any())
                .GroupBy(item => item.Ports.ToJsonString(), item => item, StringComparer.Ordinal)
                .Select(group => (JsonNode)Subset([.. group.Select(item => item.Pod)], group.First().Ports)),
        ];
    }

    private static JsonObject Subset(IReadOnlyList<JsonObject> pods, JsonArray ports)
    {
        var subset = new JsonObject();
        foreach (var group in pods.GroupBy(p => Conditions.IsTrue(p, "Ready") ? "addresses" : "notReadyAddresses"))
        {
            subset[group.Key] = new JsonArray([.. group.Select(p => (JsonNode)new JsonObject
            {
                ["ip"] = p.Text("status", "podIP"),
                ["nodeName"] = p.Text("spec", "nodeName"),
                ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = p.Namespace(), ["name"] = p.Name(), ["uid"] = p.Uid() },
            })]);
        }
        subset["ports"] = ports;
        return subset;
    }

    private static string Protocol(JsonObject port) => port.Text("protocol") ?? "TCP";

    // A target that is a name is the port of that name and protocol of the pod; a pod that has none does not serve the port.
    private static JsonArray Ports(JsonObject service, JsonObject pod) => new(
    [
        .. from port in service.Items("spec", "ports")
           let name = port.Text("targetPort")
           let number = name is null
               ? port.Number("targetPort") ?? port.Number("port")
               : pod.Items("spec", "containers").SelectMany(container => container.Items("ports"))
                   .FirstOrDefault(own => own.Text("name") == name && Protocol(own) == Protocol(port))?.Number("containerPort")
           where number is not null
           select (JsonNode)new JsonObject
           {
               ["name"] = port.Text("name") ?? "", ["port"] = number, ["protocol"] = port.Text("protocol"),
           },
    ]);
}

/// <summary>Counts what each PodDisruptionBudget still allows.</summary>
internal sealed class DisruptionController(Registry registry) : IController
{
    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        if (changed.Type == ResourceCatalog.PodDisruptionBudgets)
            return [changed.Key];
        return changed.Type == ResourceCatalog.Pods || changed.Type == ResourceCatalog.ReplicaSets
            ? registry.Store.List(ResourceCatalog.PodDisruptionBudgets, changed.Key.Namespace).Items.Select(b => b.Key) : [];
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json is not { } budget)
            return null;
        var selector = LabelSelector.FromObject(budget.At("spec", "selector"));
        var pods = registry.Store.List(ResourceCatalog.Pods, key.Namespace).Items.Select(p => p.Json)
            .Where(p => selector.Matches(p) && p.Text("status", "phase") is not ("Succeeded" or "Failed")).ToList();
        var healthy = pods.Count(p => !p.IsDeleting() && Conditions.IsTrue(p, "Ready"));
        var expected = Expected(pods, key.Namespace);
        var desired = budget.At("spec", "maxUnavailable") is { } most
            ? expected - RolloutMath.Resolve(most, expected, roundUp: true)
            : RolloutMath.Resolve(budget.At("spec", "minAvailable") ?? 1, expected, roundUp: true);
        registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            var status = o.Ensure("status");
            status["currentHealthy"] = healthy;
            status["desiredHealthy"] = Math.Max(0, desired);
            status["expectedPods"] = expected;
            status["disruptionsAllowed"] = Math.Max(0, healthy - Math.Max(0, desired));
            status["observedGeneration"] = o.Number("metadata", "generation");
            return o;
        }, WriteContext.ControllerStatus);
        return null;
    }

    /// <summary>What the owners want, not what happens to be there: a missing pod is a disruption too.</summary>
    private int Expected(List<JsonObject> pods, string ns)
    {
        var owners = pods.Select(p => p.ControllerReference().Text("name")).Distinct();
        return owners.Sum(name => name is not null && registry.Store.Find(ResourceCatalog.ReplicaSets, ns, name) is { } set
            ? (int)(set.Json.Number("spec", "replicas") ?? 0)
            : pods.Count(p => p.ControllerReference().Text("name") == name));
    }
}
