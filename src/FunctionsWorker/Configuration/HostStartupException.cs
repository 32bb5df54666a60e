namespace Microsoft.Azure.Functions.Worker;

/// <summary>The host cannot start: configuration or declarations are faulty. Carries all faults at once.</summary>
public sealed class HostStartupException(IReadOnlyList<string> faults) : Exception(Text(faults))
{
    /// <summary>One sentence each: where, what was found, what was expected.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;

    private static string Text(IReadOnlyList<string> faults) =>
        $"The function host cannot start; {faults.Count} fault(s) to correct:"
            + string.Concat(faults.Select(static f => $"{Environment.NewLine}  - {f}"));
}
