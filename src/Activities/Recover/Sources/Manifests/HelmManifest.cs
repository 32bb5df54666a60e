using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>The manifest of a revision of a Helm release, as Helm keeps it in the cluster.</summary>
internal sealed record HelmManifest(string Namespace, string Release, int Version) : ManifestSource
{
    /// <summary>The deployed release of a namespace that has the object.</summary>
    public static async Task<(ManifestSource Source, JsonObject Manifest)?> FindAsync(
        ActionTools tools, ObjectAddress address, CancellationToken cancellationToken)
    {
        var secrets = await tools.ListAsync(Kinds.Secret, address.Namespace, cancellationToken, "owner=helm,status=deployed");
        foreach (var release in secrets.Select(HelmRelease.Read).OfType<HelmRelease>().OrderByDescending(item => item.Version))
        {
            var source = new HelmManifest(address.Namespace!, release.Name, release.Version);
            if (source.Of(release, address) is { } manifest) return (source, manifest);
        }

        return null;
    }

    public override async Task<JsonObject?> ReadAsync(ActionTools tools, ObjectAddress address, CancellationToken cancellationToken)
    {
        var secret = await tools.ReadAsync(Kinds.Secret, Namespace, HelmRelease.SecretName(Release, Version), cancellationToken);
        return secret is not null && HelmRelease.Read(secret) is { } release ? Of(release, address) : null;
    }

    public override string Describe() => Workloads.Invariant($"revision {Version} of Helm release '{Release}'");

    // With the marks that Helm sets when it installs, by which its next upgrade knows the object for its own.
    private JsonObject? Of(HelmRelease release, ObjectAddress address) =>
        Find(release.Manifest, address) is { } found && found.Annotation("helm.sh/hook") is null
            ? HelmRelease.Owned(found, Release, Namespace) : null;
}
