namespace Heal.Healing;

/// <summary>One way of explaining a fault. Pure: it accepts or rejects on the evidence, and says why either way.</summary>
internal interface IDiagnosisRule
{
    Finding Judge(Symptoms symptoms, ChangeFacts change);
}

/// <summary>Exactly one of both is set.</summary>
internal sealed record Finding(Hypothesis? Accepted, RejectedAlternative? Rejected)
{
    public static Finding Accept(string cause, double confidence, string statement, params IEnumerable<string> evidence) =>
        new(new Hypothesis(cause, statement, Math.Round(Math.Clamp(confidence, 0, 1), 2), [.. evidence.Distinct(StringComparer.Ordinal)]),
            null);

    public static Finding Reject(string cause, string reason, params IEnumerable<string> evidence) =>
        new(null, new RejectedAlternative(cause, reason, [.. evidence.Distinct(StringComparer.Ordinal)]));
}
