using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>A Service's port is pointed elsewhere only where there is one place that can be meant.</summary>
public sealed class ServicePortTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    [Theory]
    [InlineData("""{"spec":{"selector":{"app":"nobody"}}}""", "it selects the pods of 0 workloads")]
    [InlineData("""
        {"spec":{"ports":[{"name":"main","port":80,"targetPort":"htp"},{"name":"more","port":81,"targetPort":"mor"}]}}
        """, "2 of its ports name a target that web has not")]
    [InlineData("""{"spec":{"ports":[{"name":"main","port":80,"targetPort":"dns"}]}}""", null)]
    public async Task Where_more_than_one_thing_could_be_meant_it_is_left_to_people(string change, string? refusal)
    {
        var (item, stall, target) = await ArrangeAsync("fix_service_target_port");
        await stall.PatchAsync(Kinds.Service, "web", change);

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.Equal((refusal is null ? ActionStatus.Applied : ActionStatus.Refused, result.Detail), (result.Status, result.Detail));
        Assert.Contains(refusal ?? "2 endpoints are ready", result.Detail);
    }

    [Fact]
    public async Task A_workload_with_two_ports_leaves_it_open_which_is_meant()
    {
        var (item, stall, target) = await ArrangeAsync("fix_service_target_port");
        await stall.PatchAsync(Kinds.Deployment, "web", """
            {"spec":{"template":{"spec":{"containers":[{"name":"app","image":"registry.example/app:1.0",
            "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},{"name":"admin","containerPort":8081,"protocol":"TCP"}]}]}}}}
            """);

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("web has 2 ports of protocol TCP", result.Detail);
    }
}
