namespace Heal.Healing;

/// <summary>One thing that is wrong with a definition, or that speaks against it on a host.</summary>
/// <param name="Subject">Where: a path of the definition (<c>$.disks[0].size</c>) or a part of a host (<c>host 'kvm-a' memory</c>).</param>
/// <param name="Found">What is there, shortened.</param>
/// <param name="Expected">What belongs there.</param>
/// <param name="Advice">What to do about it.</param>
public sealed record VmFault(string Subject, string Found, string Expected, string Advice)
{
    public override string ToString() => $"{Subject}: found {Found}, expected {Expected}. {Advice}";
}
