using System.Text.RegularExpressions;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Reasons why requests are left as they are.</summary>
public sealed class RightSizeTests(Shop shop) : IClassFixture<Shop>
{
    [Fact]
    public async Task Without_a_history_of_usage_it_is_refused_and_says_which_setting_is_missing()
    {
        var (stall, request) = await ArrangeAsync();

        var result = await RunAsync(request, shop.Ports with { Usage = null });

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("Heal:Prometheus:Url", result.Detail);
        Assert.Equal(1, (await stall.GetAsync(Kinds.Deployment, "web")).Whole("metadata", "generation"));
    }

    [Fact]
    public async Task Requests_that_fit_are_left_alone()
    {
        var (stall, request) = await ArrangeAsync();
        stall.Monitoring.Used[stall.Namespace] = (0.04, 50 << 20, 168, "web-5d4f7c9bdf-x2x4z");

        var result = await RunAsync(request);

        Assert.Equal((ActionStatus.Refused, "its requests fit: it used up to 40m CPU and 50Mi"), (result.Status, result.Detail));
    }

    [Fact]
    public async Task Where_an_autoscaler_goes_by_the_use_of_requests_they_are_not_changed()
    {
        var (stall, request) = await ArrangeAsync();
        await stall.CreateInAsync("""
            {"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},
            "spec":{"minReplicas":1,"maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},
            "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]}}
            """);

        var result = await RunAsync(request);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("HorizontalPodAutoscaler web goes by the use of its requests", result.Detail);
    }

    [Theory]
    [InlineData(TargetKinds.Deployment, "web", "web-5d4f7c9bdf-x2x4z", true)]
    [InlineData(TargetKinds.Deployment, "web", "web-api-x2x4z", false)]
    [InlineData(TargetKinds.Deployment, "web", "web-api-5d4f7c9bdf-x2x4z", false)]
    [InlineData(TargetKinds.Deployment, "a.b", "axb-5d4f7c9bdf-x2x4z", false)]
    [InlineData(TargetKinds.StatefulSet, "db", "db-12", true)]
    [InlineData(TargetKinds.StatefulSet, "db", "db-x2x4z", false)]
    [InlineData(TargetKinds.DaemonSet, "agent", "agent-x2x4z", true)]
    public void Pods_are_told_by_the_names_that_their_kind_of_workload_gives_them(string kind, string name, string pod, bool itsOwn) =>
        Assert.Equal(itsOwn, Regex.IsMatch(pod, $"^(?:{RightSize.PodsOf(new TargetReference("c", kind, "ns", name))})$"));

    private Task<ActionResult> RunAsync(ActionRequest request, ActionPorts? ports = null) => new RecipeAction(
        RecipeBook.Find("right_size"), new ActionTools(
            new WatchedClient(shop.Client), shop.Store, new Rig.Allowed(), TimeProvider.System, Given: ports ?? shop.Ports))
        .RunAsync(request, CancellationToken.None);

    private async Task<(Stall Stall, ActionRequest Request)> ArrangeAsync()
    {
        var item = RecipeCases.All.Single(candidate => candidate.Name == "right_size");
        var stall = await shop.OpenAsync();
        var target = await item.Arrange(stall);
        return (stall, item.Request(stall, target));
    }
}
