using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>The folders of <c>deploy/kubernetes</c>, as a user applies them with kubectl.</summary>
internal sealed class Deployed(RealShop shop)
{
    /// <summary>What runs the healer; the other folders give it rights.</summary>
    public const string Base = "deploy/kubernetes";

    /// <summary>The account that the bindings name.</summary>
    public const string Account = "system:serviceaccount:heal:heal";

    private static readonly ResourceKind Namespace = new("", "Namespace");

    /// <summary>Every folder that has a kustomization, the base first.</summary>
    public static IReadOnlyList<string> Folders { get; } =
    [
        .. Directory.EnumerateFiles(ControlPlane.PathOf(Base), "kustomization.yaml", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(ControlPlane.PathOf(""), Path.GetDirectoryName(file)!))
            .Order(StringComparer.Ordinal),
    ];

    private static IEnumerable<string> Overlays => Folders.Except([Base]);

    /// <returns>What was sent.</returns>
    public async Task<IReadOnlyList<JsonObject>> ApplyAsync(string folder)
    {
        var items = await RenderAsync(folder);
        foreach (var ns in items.Select(NamespaceOf).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (folder != Base) await NeedNamespaceAsync(ns);
        }

        await shop.Plane.KubectlAsync("apply", "--validate=true", "-k", ControlPlane.PathOf(folder));
        return items;
    }

    /// <summary>Leaves the base, and takes away every right but that to read.</summary>
    public async Task ResetAsync()
    {
        await ApplyAsync(Base);
        foreach (var overlay in Overlays)
        {
            foreach (var item in await RenderAsync(overlay))
            {
                await shop.Client.DeleteAsync(KindOf(item), NamespaceOf(item), item.Name());
            }
        }
    }

    public static string? NamespaceOf(JsonObject item) => item.Text("metadata", "namespace");

    public static ResourceKind KindOf(JsonObject item) => ResourceKind.FromApiVersion(item.Text("apiVersion")!, item.Text("kind")!);

    private async Task<IReadOnlyList<JsonObject>> RenderAsync(string folder) =>
        ManifestReader.Read(await shop.Plane.KubectlAsync("kustomize", ControlPlane.PathOf(folder)));

    private async Task NeedNamespaceAsync(string name)
    {
        if (await shop.Client.TryGetAsync<KubernetesObject>(Namespace, null, name) is not null) return;
        await shop.Client.CreateAsync(Namespace, KubernetesObject.FromJson<KubernetesObject>(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
        }));
    }
}
