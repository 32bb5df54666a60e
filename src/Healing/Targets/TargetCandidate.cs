using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>What the labels of an alert name, before the cluster was asked: a pod here may become its Deployment.</summary>
/// <param name="Rule">The rule that chose the labels, for the record.</param>
public sealed record TargetCandidate(string Kind, string Namespace, string Name, string Rule = "named by a person")
{
    /// <summary>For what lives on a libvirt host: the host, as the sender calls it; null when it does not say.</summary>
    public string? Host { get; init; }
}

/// <summary>What became of an alert when its target was looked for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TargetVerdict>))]
public enum TargetVerdict
{
    /// <summary>The target is known.</summary>
    Found,

    /// <summary>The alert is no fault of a target, by its nature.</summary>
    Ignored,

    /// <summary>No label identifies a target.</summary>
    Rejected,
}

/// <summary>The answer of <see cref="TargetPolicy"/>.</summary>
public sealed record TargetIdentification(TargetVerdict Verdict, TargetCandidate? Candidate, string Reason);
