namespace Heal.Bench.FunctionsWorker;

/// <summary>What one run of the driver was asked to do, and where its services are.</summary>
/// <param name="Postgres">A superuser's connection string, of a database that may be filled.</param>
/// <param name="Azurite">Connection string of the queue service.</param>
/// <param name="Quick">Shorter and smaller, to see that everything runs; its figures are not for publication.</param>
/// <param name="WarmUpSeconds">Of a run of requests, instead of the default; on a busy machine compiling takes longer.</param>
internal sealed record Settings(string Postgres, string Azurite, bool Quick, int? WarmUpSeconds = null)
{
    /// <summary>The clock of all measurements.</summary>
    public static TimeProvider Time => TimeProvider.System;

    public TimeSpan WarmUp => TimeSpan.FromSeconds(WarmUpSeconds ?? (Quick ? 1 : 3));

    public TimeSpan Measured => TimeSpan.FromSeconds(Quick ? 2 : 10);

    /// <summary>The full figure, or in a quick run the small one.</summary>
    public int Count(int full, int quick) => Quick ? quick : full;
}
