using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// What a GitOps tool says of the commits that it has brought to the cluster: Argo CD in the Application, Flux in the Kustomization that
/// an object belongs to. The other tools keep no such word where it can be read.
/// </summary>
/// <param name="Place">Where that was read, for the record.</param>
/// <param name="Revisions">The full hashes of the commits; none as long as what is in the cluster is not what the tool wants there.</param>
internal sealed record GitOpsSync(string Place, IReadOnlyList<string> Revisions)
{
    private const string TrackingId = "argocd.argoproj.io/tracking-id";
    private const string Instance = "argocd.argoproj.io/instance";
    private const string Kustomization = "kustomize.toolkit.fluxcd.io/name";
    private const string KustomizationSpace = "kustomize.toolkit.fluxcd.io/namespace";

    private static readonly ResourceKind Applications = new("argoproj.io", "Application");
    private static readonly ResourceKind Kustomizations = new("kustomize.toolkit.fluxcd.io", "Kustomization");

    /// <summary>What an action needs that asks for it.</summary>
    public static IReadOnlyList<PermissionRule> Rules { get; } =
        [new("argoproj.io", "applications", ["get"]), new("kustomize.toolkit.fluxcd.io", "kustomizations", ["get"])];

    /// <summary>Null when nothing can be seen: another tool, no such object, or no right to read it.</summary>
    /// <param name="applications">The namespace of Applications that their objects do not name one of.</param>
    public static async Task<GitOpsSync?> ReadAsync(
        ActionTools tools, JsonObject live, string applications, CancellationToken cancellationToken)
    {
        if (AddressOf(live, applications) is not { } address) return null;
        try
        {
            var found = await tools.ReadAsync(address, cancellationToken);
            if (found is null) return null;
            return new GitOpsSync($"{address}", address.Kind == Applications.Kind ? OfApplication(found) : OfKustomization(found));
        }
        catch (KubernetesForbiddenException)
        {
            return null;
        }
    }

    // An Application outside of the tool's own namespace is named "namespace_name" by its objects.
    private static ObjectAddress? AddressOf(JsonObject live, string applications)
    {
        if (Mark(live, Kustomization) is { } name)
        {
            var ns = Mark(live, KustomizationSpace) ?? live.Text("metadata", "namespace");
            return ObjectAddress.Of(Kustomizations, ns, name);
        }

        var application = Mark(live, TrackingId)?.Split(':')[0] ?? Mark(live, Instance);
        return application?.Split('_', 2) switch
        {
            [{ Length: > 0 } ns, { Length: > 0 } own] => ObjectAddress.Of(Applications, ns, own),
            [{ Length: > 0 } own] => ObjectAddress.Of(Applications, applications, own),
            _ => null,
        };
    }

    // Its revision is the one that was compared: only when nothing differs has it been brought.
    private static IReadOnlyList<string> OfApplication(JsonObject application)
    {
        if (application.Text("status", "sync", "status") != "Synced") return [];
        var several = application.At("status", "sync", "revisions") is JsonArray items ? items.Select(item => item.Scalar()) : [];
        return [.. several.Append(application.Text("status", "sync", "revision")).OfType<string>()];
    }

    // "main@sha1:<hash>", and "main/<hash>" of older ones.
    private static IReadOnlyList<string> OfKustomization(JsonObject kustomization) =>
        kustomization.Text("status", "lastAppliedRevision") is { } revision ? [revision[(revision.LastIndexOfAny([':', '/']) + 1)..]] : [];

    private static string? Mark(JsonObject live, string key) => live.Annotation(key) ?? live.Label(key);
}
