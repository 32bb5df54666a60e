using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>One owner as evidence, and as it was read when it was.</summary>
internal sealed record Owner(OwnerEvidence Evidence, KubernetesObject? Object);

/// <summary>Climbs from an object to its topmost owner: any kinds, a bounded number of steps, and no step twice.</summary>
internal static class OwnerChain
{
    public static async Task<IReadOnlyList<Owner>> ReadAsync(PartReader reader, KubernetesObject from)
    {
        var owners = new List<Owner>();
        var seen = new HashSet<string>(StringComparer.Ordinal) { from.Metadata.Uid ?? "" };
        var ns = from.Metadata.Namespace;
        for (var at = from; Next(at.Metadata) is { } reference;)
        {
            var name = SafeText.Line(reference.Name, EvidenceLimits.FactLength);
            if (!seen.Add(reference.Uid))
            {
                reader.Gap($"owners: {reference.Kind} '{name}' owns itself over {owners.Count} steps; the chain was left there");
                break;
            }

            if (owners.Count == EvidenceLimits.Owners)
            {
                reader.Gap($"owners: more than {EvidenceLimits.Owners} steps up; "
                    + $"{reference.Kind} '{name}' and what is above it was not read");
                break;
            }

            var kind = ResourceKind.FromApiVersion(reference.ApiVersion, reference.Kind);
            var found = await reader.GetAsync<KubernetesObject>($"owner {reference.Kind} '{name}'", kind, ns, reference.Name);
            owners.Add(Describe(reference, name, found, reader));
            if (owners[^1].Object is not { } next) break;
            at = next;
        }

        return owners;
    }

    private static OwnerReference? Next(ObjectMeta metadata) =>
        metadata.ControllerOwner() ?? (metadata.OwnerReferences is [var first, ..] ? first : null);

    private static Owner Describe(OwnerReference reference, string name, Look<KubernetesObject> found, PartReader reader)
    {
        // Names are used again: an object with another uid is a successor, not the owner.
        var isOther = found.Value is { } value && value.Metadata.Uid != reference.Uid;
        var live = isOther ? null : found.Value;
        if (isOther) reader.Gap($"owners: {reference.Kind} '{name}' was replaced by another object of that name");
        else if (found is { Known: true, Value: null }) reader.Gap($"owners: {reference.Kind} '{name}' does not exist any more");
        var evidence = new OwnerEvidence(
            $"{SafeText.Line(reference.Kind, EvidenceLimits.FactLength).ToLowerInvariant()}/{name}",
            SafeText.Line(reference.ApiVersion, EvidenceLimits.FactLength),
            SafeText.Line(reference.Kind, EvidenceLimits.FactLength),
            name,
            SafeText.Line(reference.Uid, EvidenceLimits.FactLength),
            found.Known ? live is not null : null,
            live?.Metadata.CreationTimestamp,
            live?.Metadata.DeletionTimestamp is not null,
            live is null ? null : Ownership.Of(live.Metadata));
        return new Owner(evidence, live);
    }
}
