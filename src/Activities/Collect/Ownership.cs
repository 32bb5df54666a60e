using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Recognises who manages an object besides people, by the marks that the tools leave.</summary>
internal static class Ownership
{
    private static readonly (string Key, string Tool)[] Marks =
    [
        ("meta.helm.sh/release-name", "Helm"),
        ("helm.toolkit.fluxcd.io/name", "Flux"),
        ("kustomize.toolkit.fluxcd.io/name", "Flux"),
        ("argocd.argoproj.io/instance", "Argo CD"),
        ("argocd.argoproj.io/tracking-id", "Argo CD"),
        ("objectset.rio.cattle.io/id", "Fleet"),
        ("kapp.k14s.io/app", "kapp"),
    ];

    // Tools that leave no mark on the object but sign their writes.
    private static readonly (string Manager, string Tool)[] Managers =
    [
        ("helm", "Helm"),
        ("helm-controller", "Flux"),
        ("kustomize-controller", "Flux"),
        ("argocd-controller", "Argo CD"),
        ("argocd-application-controller", "Argo CD"),
        ("fleetagent", "Fleet"),
        ("kapp-server", "kapp"),
    ];

    private const string ManagedByLabel = "app.kubernetes.io/managed-by";

    /// <summary>The annotations and labels by which tools know what is theirs.</summary>
    public static IEnumerable<string> Keys => Marks.Select(mark => mark.Key).Append(ManagedByLabel);

    public static ManagedBy? Of(ObjectMeta metadata)
    {
        foreach (var (key, tool) in Marks)
        {
            if (metadata.Annotation(key) is not null) return new ManagedBy(tool, $"annotation {key}");
            if (metadata.Label(key) is not null) return new ManagedBy(tool, $"label {key}");
        }

        if (metadata.Label(ManagedByLabel) is "Helm") return new ManagedBy("Helm", $"label {ManagedByLabel}");
        if (metadata.ControllerOwner() is { } owner) return new ManagedBy(
            $"{owner.Kind} '{SafeText.Line(owner.Name, 100)}'", "owner reference");
        foreach (var (name, _) in FieldManagers.All(metadata))
        {
            if (Managers.FirstOrDefault(known => known.Manager == name).Tool is { } tool) return new ManagedBy(
                tool, $"field manager {name}");
        }

        return null;
    }
}
