using System.Globalization;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>The world of a rollback, in the form of the recipes' worlds.</summary>
internal static class RollbackCase
{
    public static readonly RecipeCase Case = new("rollback_deployment", RollbackDeployment.Id)
    {
        Other = tools => new RollbackDeployment(tools.Client, tools.Store, tools.Safety, tools.Time),
        Arrange = async stall =>
        {
            await stall.DeployAsync("web", 2);
            await stall.PatchAsync(Kinds.Deployment, "web",
                """{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"registry.example/app:missing"}]}}}}""");
            await stall.UntilAsync(Kinds.Deployment, "web", live => live.Whole("status", "observedGeneration") == 2
                && live.Annotation("deployment.kubernetes.io/revision") == "2");
            var broken = await stall.GetAsync(Kinds.Deployment, "web");
            stall.Notes["generation"] = broken.Whole("metadata", "generation")!.Value.ToString(CultureInfo.InvariantCulture);
            stall.Notes["hash"] = PodTemplates.Hash(broken.At("spec", "template")!.AsObject());
            return stall.Target(TargetKinds.Deployment, "web");
        },
        With = _ => new() { ["minimumServed"] = "0s" },
        Diagnosed = stall => (int.Parse(stall.Notes["generation"], CultureInfo.InvariantCulture), stall.Notes["hash"]),
        Spoil = async stall =>
        {
            await stall.PatchAsync(Kinds.Deployment, "web", """{"spec":{"paused":true}}""");
            return "paused";
        },
        Effects = async stall =>
        {
            var live = await stall.GetAsync(Kinds.Deployment, "web");
            var image = live.Items("spec", "template", "spec", "containers").First().Text("image");
            return image == "registry.example/app:1.0" ? live.Whole("metadata", "generation")!.Value - 2 : 0;
        },
    };
}
