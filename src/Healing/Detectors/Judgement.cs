namespace Heal.Healing;

public enum JudgementKind
{
    /// <summary>No sign of the fault.</summary>
    None,

    /// <summary>A sign, but not for long enough: look again at <see cref="Judgement.At"/>.</summary>
    Suspect,

    /// <summary>The fault is there, since <see cref="Judgement.At"/>.</summary>
    Firing,
}

/// <summary>What a detector makes of an object.</summary>
/// <param name="At">When to look again (suspect), or since when (firing): by the object's own times, so that others find the same.</param>
/// <param name="Summary">In one line, for people.</param>
/// <param name="Evidence">What was seen, with the field that said so.</param>
/// <param name="Alert">Instead of the detector's own alert name.</param>
/// <param name="Labels">Further labels of the signal.</param>
/// <param name="Memory">What to remember; null keeps what was remembered.</param>
/// <param name="Subject">The object at fault, when it is another than the one that was looked at.</param>
/// <param name="BeganUnseen">
/// The sign was there when this process looked first, and says not since when: <paramref name="At"/> is the time of that look.
/// </param>
/// <param name="Since">Since when the sign says that it is there; null when how long does not matter.</param>
public sealed record Judgement(
    JudgementKind Kind,
    DateTimeOffset At = default,
    string Summary = "",
    IReadOnlyList<string>? Evidence = null,
    string? Alert = null,
    IReadOnlyDictionary<string, string>? Labels = null,
    DetectorMemory? Memory = null,
    Observed? Subject = null,
    bool BeganUnseen = false,
    DateTimeOffset? Since = null)
{
    public static Judgement None { get; } = new(JudgementKind.None);

    public static Judgement Suspect(DateTimeOffset until) => new(JudgementKind.Suspect, until);

    public static Judgement Firing(DateTimeOffset since, string summary, params IReadOnlyList<string> evidence) =>
        new(JudgementKind.Firing, since, summary, evidence);

    /// <summary>Firing when the sign has been there for long enough, else suspect until it will have been.</summary>
    public static Judgement After(
        TimeSpan hold, DateTimeOffset since, Look look, string summary, params IReadOnlyList<string> evidence)
    {
        var from = look.CountedFrom(since);
        var judged = look.Now - from >= hold ? Firing(since, summary, evidence) : Suspect(from + hold);
        return judged with { Since = since };
    }

    public Judgement With(string label, string? value) =>
        string.IsNullOrEmpty(value) ? this
            : this with { Labels = new Dictionary<string, string>(Labels ?? new Dictionary<string, string>()) { [label] = value } };
}
