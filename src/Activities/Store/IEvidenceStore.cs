using Heal.Healing;

namespace Heal.Activities;

/// <summary>Keeps whole evidence bundles, compressed, by incident and step. Failures of the database are thrown as they are.</summary>
public interface IEvidenceStore
{
    /// <summary>
    /// Keeps a bundle. A step that is repeated after a failure may have been kept before with other content: both stay, and the reference,
    /// which names the content, tells them apart. Removes a few bundles that are older than the retention.
    /// </summary>
    Task<EvidenceReference> KeepAsync(
        string incidentId, int step, EvidenceBundle bundle, TimeSpan retention, CancellationToken cancellationToken);

    /// <summary>The bundle as it was collected; null when it is not there (any more).</summary>
    /// <exception cref="InvalidDataException">The bytes are not those that were kept.</exception>
    /// <exception cref="EvidenceSchemaException">A newer program wrote it.</exception>
    Task<EvidenceBundle?> FindAsync(EvidenceReference reference, CancellationToken cancellationToken);

    /// <summary>What is kept of an incident, in the order of its steps; at most 1000.</summary>
    Task<IReadOnlyList<EvidenceReference>> ListAsync(string incidentId, CancellationToken cancellationToken);
}
