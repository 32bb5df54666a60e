namespace Heal.Bench.DurableTask;

/// <summary>What one run of the driver was asked to do.</summary>
/// <param name="ConnectionString">A superuser's, of a database that may be filled: each benchmark makes a schema of its own and drops
/// it.</param>
/// <param name="Quick">Shorter and smaller, to see that everything runs; its figures are not for publication.</param>
/// <param name="At">Only at this concurrency; null for all.</param>
internal sealed record Settings(string ConnectionString, bool Quick, int? At = null)
{
    /// <summary>The concurrencies to run of those that a benchmark is defined with.</summary>
    public IEnumerable<int> Concurrencies(params int[] defined) => At is { } one ? [one] : defined;

    public TimeSpan WarmUp => TimeSpan.FromSeconds(Quick ? 1 : 2);

    public TimeSpan Measured => TimeSpan.FromSeconds(Quick ? 2 : 10);

    /// <summary>The clock of all measurements.</summary>
    public static TimeProvider Time => TimeProvider.System;

    /// <summary>The full figure, or in a quick run the small one.</summary>
    public int Count(int full, int quick) => Quick ? quick : full;
}
