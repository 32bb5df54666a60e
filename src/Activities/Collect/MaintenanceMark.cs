using System.Globalization;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities;

/// <summary>The mark <see cref="KubernetesNames.Maintenance"/> of one object: somebody works on it.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Source">Where, for example "annotation heal.internal/maintenance of Deployment web".</param>
internal sealed record MaintenanceMark(string Text, string Source)
{
    /// <summary>Somebody says that nobody works on it.</summary>
    public bool IsOff => Text == "false";

    /// <summary>When it ends, <see cref="DateTimeOffset.MaxValue"/> while it is there; null when it is off or cannot be read.</summary>
    public DateTimeOffset? Until =>
        Text == "true" ? DateTimeOffset.MaxValue
        : DateTimeOffset.TryParse(
            Text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var until) ? until
        : null;

    /// <returns>Null when it has none.</returns>
    public static MaintenanceMark? Of(ObjectMeta metadata, string kind)
    {
        var annotation = metadata.Annotation(KubernetesNames.Maintenance);
        return (annotation ?? metadata.Label(KubernetesNames.Maintenance)) is { } text
            ? new MaintenanceMark(
                text, $"{(annotation is null ? "label" : "annotation")} {KubernetesNames.Maintenance} of {kind} {metadata.Name}")
            : null;
    }
}
