using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Actions that go by the usage of days.</summary>
internal static class UsageCases
{
    public static readonly RecipeCase[] All =
    [
        new("right_size", "right_size")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                stall.Monitoring.Used[stall.Namespace] = (0.2, 20 << 20, 168, "web-5d4f7c9bdf-x2x4z");
                return stall.Target(TargetKinds.Deployment, "web");
            },
            Spoil = stall =>
            {
                stall.Monitoring.Used[stall.Namespace] = (0.2, 20 << 20, 100, "web-5d4f7c9bdf-x2x4z");
                return Task.FromResult("its usage is known for 100 of 168 hours only");
            },
            Effects = async stall =>
            {
                var live = await stall.GetAsync(Kinds.Deployment, "web");
                var (request, limit) = (Resource(live, "requests", "cpu"), Resource(live, "limits", "cpu"));
                var memory = (Resource(live, "requests", "memory"), Resource(live, "limits", "memory"));
                return (request, limit, memory) == ("260m", "260m", ("32Mi", "128Mi"))
                    ? live.Whole("metadata", "generation")!.Value - 1 : 0;
            },
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Deployment, "web")).At("spec", "template")),
            Meddle = stall => stall.PatchAsync(Kinds.Deployment, "web", """
                {"spec":{"template":{"spec":{"containers":[{"name":"app","image":"registry.example/app:1.0",
                "resources":{"requests":{"cpu":"77m"}}}]}}}}
                """),
        },
    ];

    private static string? Resource(JsonObject live, string kind, string resource) =>
        live.Items("spec", "template", "spec", "containers").First().Scalar("resources", kind, resource);
}
