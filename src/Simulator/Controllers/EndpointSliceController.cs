using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>Keeps one EndpointSlice for each Endpoints object, with the same backends.</summary>
internal sealed class EndpointSliceController(Registry registry) : IController
{
    private const string ServiceLabel = "kubernetes.io/service-name";

    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
        => changed.Type == ResourceCatalog.Endpoints ? [changed.Key] : [];

    public TimeSpan? Reconcile(ObjectKey key)
    {
        var name = $"{key.Name}-slice";
        var existing = registry.Store.Find(FurtherResources.EndpointSlices, key.Namespace, name);
        if (registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json is not { } endpoints)
        {
            if (existing is not null)
                registry.Delete(existing.Key, new DeleteOptions());
            return null;
        }
        var backends = new JsonArray([.. endpoints.Items("subsets").SelectMany(subset =>
            subset.Items("addresses").Select(a => Backend(a, ready: true))
                .Concat(subset.Items("notReadyAddresses").Select(a => Backend(a, ready: false))))]);
        var ports = endpoints.Items("subsets").FirstOrDefault()?["ports"];
        if (existing is null)
            registry.Create(FurtherResources.EndpointSlices, key.Namespace, new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [ServiceLabel] = key.Name } },
                ["addressType"] = "IPv4",
                ["endpoints"] = backends,
                ["ports"] = ports?.DeepClone(),
            }, WriteContext.Controllers);
        else
            registry.Update(FurtherResources.EndpointSlices, key.Namespace, name, o =>
            {
                o["endpoints"] = backends;
                o["ports"] = ports?.DeepClone();
                return o;
            }, WriteContext.Controllers);
        return null;
    }

    private static JsonObject Backend(JsonObject address, bool ready) => new JsonObject
    {
        ["addresses"] = new JsonArray(address.Text("ip")),
        ["conditions"] = new JsonObject { ["ready"] = ready },
        ["nodeName"] = address.Text("nodeName"),
        ["targetRef"] = address["targetRef"]?.DeepClone(),
    };
}
