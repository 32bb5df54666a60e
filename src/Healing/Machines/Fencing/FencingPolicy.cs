using System.Globalization;

namespace Heal.Healing;

/// <summary>What must be proven before a guest of a silent host may be started elsewhere.</summary>
/// <param name="Uuid">Of the guest.</param>
/// <param name="Witnesses">The names of those that the settings give this host.</param>
/// <param name="HostSeenAt">When the host was last seen alive; null: never.</param>
/// <param name="At">The moment in question: that of the start.</param>
/// <param name="LongestLife">No proof lives longer.</param>
public sealed record FencingQuestion(
    string Host, string Uuid, IReadOnlyCollection<string> Witnesses, DateTimeOffset? HostSeenAt, DateTimeOffset At, TimeSpan LongestLife)
{
    /// <summary>Other hosts that do not answer. The guest may have been moved to one of them while nobody looked; only the locks of its
    /// disks tell.</summary>
    public IReadOnlyList<string> SilentHosts { get; init; } = [];
}

/// <param name="Reasons">Of each proof that does not count, why; and what is still missing. Empty when it is proven.</param>
public sealed record FencingVerdict(bool IsProven, IReadOnlyList<string> Reasons);

/// <summary>
/// Whether the old copy of a guest is dead beyond doubt. Power that is off is enough. A hypervisor that says so may have lost sight of an
/// emulator (its state files gone, its daemon of another version), and locks alone may belong to nobody for a moment: those two count only
/// together. Pure.
/// </summary>
public static class FencingPolicy
{
    /// <summary>Whether witnesses of these kinds can prove it together.</summary>
    public static bool Suffices(IReadOnlyCollection<WitnessKind> kinds) =>
        kinds.Contains(WitnessKind.Power) || (kinds.Contains(WitnessKind.Hypervisor) && kinds.Contains(WitnessKind.DiskLocks));

    public static FencingVerdict Judge(IReadOnlyList<FencingProof> proofs, FencingQuestion question, FencingKey key)
    {
        var (kinds, reasons) = (new HashSet<WitnessKind>(), new List<string>());
        foreach (var proof in proofs)
        {
            if (Refusal(proof, question, key) is { } refusal) reasons.Add($"proof of '{Shown(proof.Statement.Witness)}': {refusal}");
            else kinds.Add(proof.Statement.Kind);
        }

        if (Suffices(kinds))
        {
            if (question.SilentHosts.Count == 0 || kinds.Contains(WitnessKind.DiskLocks)) return new FencingVerdict(true, []);
            var silent = string.Join(", ", question.SilentHosts);
            return new FencingVerdict(
                false, [.. reasons, $"host {silent} does not answer either, and might run it: only {WitnessKind.DiskLocks} tell"]);
        }

        var has = kinds.Count == 0 ? "nothing that counts" : string.Join(" and ", kinds.Order());
        return new FencingVerdict(false,
            [.. reasons, $"too weak: expected {WitnessKind.Power}, or {WitnessKind.Hypervisor} and {WitnessKind.DiskLocks}, got {has}"]);
    }

    /// <summary>Why a proof says nothing to the question; null when it counts.</summary>
    public static string? Refusal(FencingProof proof, FencingQuestion question, FencingKey key)
    {
        var said = proof.Statement;

        // First: of what is not ours not even the words are to be believed.
        if (!key.HasSigned(proof)) return "its signature is not this healer's";
        if (said.Host != question.Host) return $"it is about host '{Shown(said.Host)}', not '{question.Host}'";
        if (!question.Witnesses.Contains(said.Witness)) return "the settings give this host no such witness";
        if (said.IssuedAt > question.At) return Says($"it begins at {said.IssuedAt:u}, and it is {question.At:u}");
        if (said.ExpiresAt <= question.At) return Says($"it expired at {said.ExpiresAt:u}, and it is {question.At:u}");
        if (said.ExpiresAt - said.IssuedAt > question.LongestLife)
        {
            return Says($"it lives {said.ExpiresAt - said.IssuedAt}, longer than the {question.LongestLife} that are allowed");
        }

        if (said.IssuedAt <= question.HostSeenAt)
        {
            return Says($"it is of {said.IssuedAt:u}, and the host was seen alive at {question.HostSeenAt:u}");
        }

        return said.Guests.Any(guest => guest.Uuid == question.Uuid) ? null : $"it does not cover guest {question.Uuid}";
    }

    private static string Says(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Shown(string text) => SafeText.Line(text, 60);
}
