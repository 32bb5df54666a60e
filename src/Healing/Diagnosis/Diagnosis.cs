using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>Whether the target shows a fault.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DetectionVerdict>))]
public enum DetectionVerdict
{
    /// <summary>It shows none, or what it shows is somebody's intent.</summary>
    Healthy,

    /// <summary>It is changing, and it is too early to say: look again.</summary>
    TooEarly,

    /// <summary>It shows one.</summary>
    Faulty,
}

/// <summary>Is there a fault, since when, and what shows it. The verdict of detection.</summary>
/// <param name="Since">The earliest sign of it; null when there is none.</param>
public sealed record Detection(DetectionVerdict Verdict, DateTimeOffset? Since, string Reason, IReadOnlyList<string> Evidence);

/// <summary>A possible cause that the evidence supports.</summary>
/// <param name="Cause">One of <see cref="Causes"/>.</param>
/// <param name="Statement">In a sentence, with times and names.</param>
/// <param name="Confidence">0 to 1: how well the evidence fits, by the rule's own scale. Not a probability.</param>
/// <param name="Evidence">Ids of the items in the bundle that support it.</param>
public sealed record Hypothesis(string Cause, string Statement, double Confidence, IReadOnlyList<string> Evidence);

/// <summary>A possible cause that was considered and not accepted.</summary>
public sealed record RejectedAlternative(string Cause, string Reason, IReadOnlyList<string> Evidence);

/// <param name="Hypotheses">Best first; ties are broken by name, so that the same evidence gives the same order.</param>
/// <param name="Gaps">What the evidence lacked.</param>
public sealed record Diagnosis(
    IReadOnlyList<Hypothesis> Hypotheses, IReadOnlyList<RejectedAlternative> Rejected, IReadOnlyList<string> Gaps)
{
    public Hypothesis? Leading() => Hypotheses.Count > 0 ? Hypotheses[0] : null;
}
