using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>What the sender says about the alert now.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AlertStatus>))]
public enum AlertStatus
{
    Firing,
    Resolved,
}

/// <summary>
/// One alert, checked and bounded by <see cref="AlertLimits"/>: labels hold no control characters, texts are cut to their limit.
/// Everything in it is data from outside; nothing of it is ever executed.
/// </summary>
/// <param name="Name">The label <c>alertname</c>.</param>
/// <param name="StartsAt">When the sender's rule began to fire; part of the identity of the signal.</param>
/// <param name="EndsAt">When it stopped; null while it fires.</param>
/// <param name="Fingerprint">The sender's id of the label set, or a hash of the labels when the sender gives none.</param>
public sealed record Alert(
    string Name,
    AlertStatus Status,
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    DateTimeOffset StartsAt,
    DateTimeOffset? EndsAt,
    string Fingerprint)
{
    /// <summary>The value of a label, or null when the alert has no such label or an empty one.</summary>
    public string? Label(string name) => Labels.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
}
