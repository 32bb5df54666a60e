using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>
/// What a choice of versions comes to on a cluster as new as the simulator is: what Kubernetes 1.36 does not serve is refused, and what it
/// may do without is not there. All other tests on the simulator run against these versions; those on a real 1.20 against the old ones.
/// </summary>
public sealed class VersionTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    [Theory]
    [InlineData("policy", "PodDisruptionBudget", "v1beta1", "v1")]
    [InlineData("autoscaling", "HorizontalPodAutoscaler", "v2beta1", "v2")]
    [InlineData("autoscaling", "HorizontalPodAutoscaler", "v2beta2", "v2")]
    [InlineData("batch", "CronJob", "v1beta1", "v1")]
    [InlineData("discovery.k8s.io", "EndpointSlice", "v1beta1", "v1")]
    public async Task A_version_that_has_gone_is_refused_and_the_one_that_has_come_is_found(
        string group, string kind, string gone, string served)
    {
        Assert.Null(await Shop.Client.DiscoverAsync(new ResourceKind(group, kind, gone)));
        Assert.Equal($"{group}/{served}", (await Shop.Client.DiscoverAsync(new ResourceKind(group, kind)))!.ApiVersion);
        var chosen = await KindCatalogue.ServedAsync(Shop.Client, KindCatalogue.Find(kind)!, CancellationToken.None);
        Assert.Equal(served, chosen.Version);
    }

    [Theory]
    [InlineData("Endpoints")] // 1.33 and later without its controller: nobody writes them
    [InlineData("EndpointSlice")] // servers before 1.17: there are Endpoints only
    public async Task Where_a_Service_leads_is_known_with_either_of_slices_and_endpoints(string lacking)
    {
        var (item, stall, target) = await ArrangeAsync("fix_service_selector");
        await stall.PatchAsync(Kinds.Service, "web", """{"spec":{"selector":{"app":"web"}}}""");
        await stall.UntilAsync(Kinds.Endpoints, "web", live => live.Items("subsets").Any());
        await stall.UntilAnyAsync(KnownKinds.EndpointSlice, slice => slice.Items("endpoints").Any());

        var result = await RunAsync(item, stall, target, Lacking(lacking));

        Assert.Equal((ActionStatus.Refused, "it has endpoints"), (result.Status, result.Detail));
    }

    [Theory]
    [InlineData("Endpoints")]
    [InlineData("EndpointSlice")]
    public async Task A_pod_to_which_a_Service_still_leads_is_not_said_to_be_in_quarantine(string lacking)
    {
        var (item, stall, target) = await ArrangeAsync("quarantine_pod");
        await stall.UntilAnyAsync(KnownKinds.EndpointSlice, slice => slice.Items("endpoints").Count() == 2);
        var pod = await stall.GetAsync(Kinds.Pod, target.Name);
        var image = new ActionImage(
            "", [new CreateEffect(ObjectAddress.Of(Kinds.NetworkPolicy, stall.Namespace, "p"), []), new PatchEffect(
                ActionTools.AddressOf(target), pod.Uid(), [], AnyOwner: true)],
            new() { ["services"] = new System.Text.Json.Nodes.JsonArray("web") }, new Dictionary<string, string>(), null);
        var tools = new ActionTools(Lacking(lacking), Shop.Store, new Rig.Allowed(), TimeProvider.System);

        var check = await item.Recipe.CheckAsync(tools, target, image, CancellationToken.None);

        Assert.Equal(EffectCheck.NotYet("Service web still leads to it"), check);
    }

    private WatchedClient Lacking(string kind)
    {
        var client = new WatchedClient(Shop.Client);
        (kind == "Endpoints" ? client.NotMade : client.NotServed).Add(kind);
        return client;
    }
}
