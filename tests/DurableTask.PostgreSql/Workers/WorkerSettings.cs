using System.Text.Json;

namespace Heal.DurableTask.PostgreSql.Tests.Workers;

/// <summary>What a test tells a worker process, as JSON in an environment variable.</summary>
internal sealed record WorkerSettings
{
    private const string Variable = "HEAL_TEST_WORKER";

    public required string ConnectionString { get; init; }

    public required string Schema { get; init; }

    /// <summary>The activities' results name it.</summary>
    public required string Name { get; init; }

    public TimeSpan Lease { get; init; } = TimeSpan.FromHours(1);

    /// <summary>True: activities wait until the test writes a line to the process.</summary>
    public bool Holds { get; init; }

    public int MaxActivities { get; init; } = 2_000;

    public void WriteTo(IDictionary<string, string?> environment) => environment[Variable] = JsonSerializer.Serialize(this);

    public static WorkerSettings Read() => JsonSerializer.Deserialize<WorkerSettings>(Environment.GetEnvironmentVariable(Variable)!)!;
}
