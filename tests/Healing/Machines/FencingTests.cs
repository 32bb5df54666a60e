using System.Globalization;

namespace Heal.Healing.Tests;

/// <summary>What proves that the old copy of a guest is dead, and what does not.</summary>
public sealed class FencingTests
{
    private const string Guest = "00000000-0000-0000-0000-000000000001";

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly FencingKey Key = KeyOf(32, 7);

    private static readonly FencingQuestion Question = new(
        "hv1", Guest, ["ipmi", "hypervisor", "disk-locks"], Now.AddMinutes(-5), Now, TimeSpan.FromMinutes(2));

    [Theory]
    [InlineData("Power", true)]
    [InlineData("Hypervisor DiskLocks", true)]
    [InlineData("Hypervisor", false)]
    [InlineData("DiskLocks", false)]
    [InlineData("", false)]
    public void Power_is_enough_and_the_hypervisor_needs_the_locks_beside_it(string kinds, bool expected)
    {
        var names = kinds.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        FencingProof[] proofs = [.. names.Select(kind => Proof(Enum.Parse<WitnessKind>(kind)))];

        var verdict = FencingPolicy.Judge(proofs, Question, Key);

        Assert.Equal(expected, verdict.IsProven);
        Assert.Equal(!expected, verdict.Reasons.Any(reason => reason.StartsWith("too weak", StringComparison.Ordinal)));
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "other host", "about host 'hv2'" },
        { "unknown witness", "no such witness" },
        { "not yet valid", "begins at" },
        { "expired", "expired at" },
        { "expires now", "expired at" },
        { "lives too long", "longer than" },
        { "before the host was seen", "seen alive" },
        { "when the host was seen", "seen alive" },
        { "other guest", "does not cover" },
        { "other key", "signature" },
        { "signature cut", "signature" },
        { "words changed", "signature" },
        { "guest put in", "signature" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_proof_that_does_not_count_is_refused_with_the_reason(string what, string reason)
    {
        var said = Statement(WitnessKind.Power);
        var proof = what switch
        {
            "other host" => Key.Sign(said with { Host = "hv2" }),
            "unknown witness" => Key.Sign(said with { Witness = "somebody" }),
            "not yet valid" => Key.Sign(said with { IssuedAt = Now.AddSeconds(1) }),
            "expired" => Key.Sign(said with { IssuedAt = Now.AddMinutes(-4), ExpiresAt = Now.AddMinutes(-2) }),
            "expires now" => Key.Sign(said with { ExpiresAt = Now }),
            "lives too long" => Key.Sign(said with { ExpiresAt = said.IssuedAt.AddMinutes(2).AddTicks(1) }),
            "before the host was seen" => Key.Sign(said with { IssuedAt = Now.AddMinutes(-6), ExpiresAt = Now.AddMinutes(-6).AddHours(1) }),
            "when the host was seen" => Key.Sign(said),
            "other guest" => Key.Sign(said with { Guests = [new FencedGuest("00000000-0000-0000-0000-000000000002", "db", 1)] }),
            "other key" => KeyOf(32, 8).Sign(said),
            "signature cut" => Key.Sign(said) with { Signature = Key.Sign(said).Signature[..^1] },
            "words changed" => Key.Sign(said) with { Statement = said with { Observed = "its power is off!" } },
            _ => Key.Sign(said with { Guests = [] }) with { Statement = said },
        };
        var question = what switch
        {
            "before the host was seen" => Question with { LongestLife = TimeSpan.FromDays(1) },
            "when the host was seen" => Question with { HostSeenAt = said.IssuedAt },
            _ => Question,
        };

        Assert.Contains(reason, FencingPolicy.Refusal(proof, question, Key), StringComparison.Ordinal);
        Assert.False(FencingPolicy.Judge([proof], question, Key).IsProven);
    }

    [Fact]
    public void A_host_that_was_never_seen_was_not_seen_after_the_proof() =>
        Assert.Null(FencingPolicy.Refusal(Proof(WitnessKind.Power), Question with { HostSeenAt = null }, Key));

    [Fact]
    public void While_other_hosts_are_silent_too_only_locks_tell_that_none_of_them_runs_it()
    {
        var question = Question with { SilentHosts = ["hv3"] };

        var power = FencingPolicy.Judge([Proof(WitnessKind.Power)], question, Key);
        var locks = FencingPolicy.Judge([Proof(WitnessKind.Power), Proof(WitnessKind.DiskLocks)], question, Key);

        Assert.False(power.IsProven);
        Assert.Contains("hv3", Assert.Single(power.Reasons), StringComparison.Ordinal);
        Assert.True(locks.IsProven);
    }

    [Fact]
    public void Two_statements_that_read_alike_have_other_bytes_and_the_order_of_guests_does_not_matter()
    {
        var said = Statement(WitnessKind.Power);
        var moved = said with { Host = "hv1i", Witness = said.Witness[1..] };
        FencedGuest[] guests = [new("b", "b", 1), new("a", "a", null)];

        Assert.NotEqual(said.ToBytes(), moved.ToBytes());
        Assert.NotEqual(said.ToBytes(), (said with { Guests = [said.Guests[0] with { RunId = null }] }).ToBytes());
        Assert.Equal((said with { Guests = guests }).ToBytes(), (said with { Guests = [guests[1], guests[0]] }).ToBytes());
    }

    [Theory]
    [InlineData("", "0 bytes")]
    [InlineData("no base64 at all", "no base64")]
    [InlineData("c2VjcmV0", "6 bytes")]
    public void A_key_that_is_too_short_is_no_key_and_is_not_shown(string text, string fault)
    {
        Assert.Null(FencingKey.Read(text, out var told));
        Assert.Contains(fault, told, StringComparison.Ordinal);
        Assert.True(text.Length == 0 || !told!.Contains(text, StringComparison.Ordinal));
        Assert.DoesNotContain(Convert.ToBase64String([.. Enumerable.Repeat((byte)7, 32)]), Key.ToString(), StringComparison.Ordinal);
    }

    private static FencingStatement Statement(WitnessKind kind) => new(
        "hv1", [new FencedGuest(Guest, "web", 4)],
        kind switch { WitnessKind.Power => "ipmi", WitnessKind.Hypervisor => "hypervisor", _ => "disk-locks" }, kind, "its power is off",
        Now.AddMinutes(-1), Now.AddMinutes(1));

    private static FencingProof Proof(WitnessKind kind) => Key.Sign(Statement(kind));

    private static FencingKey KeyOf(int bytes, byte of) =>
        FencingKey.Read(Convert.ToBase64String([.. Enumerable.Repeat(of, bytes)]), out var fault)
            ?? throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes: {fault}"));
}
