namespace Heal.Shared.Tests.Programs.Checks;

/// <summary>An invariant does not hold.</summary>
/// <param name="invariant">Its name; the README lists them.</param>
internal sealed class Violation(string invariant, string what) : Exception($"{invariant}: {what}")
{
    public string Invariant => invariant;
}
