using Heal.Postgres;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>Where a task hub lives and how much it takes at once. Validated together at start.</summary>
public sealed class PostgreSqlTaskHubOptions
{
    /// <summary>How to reach PostgreSQL 15 or newer, as Npgsql writes it. The hub has connections of its own: they see only its schema and
    /// always plan for indexes.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The hub's name: the schema that holds it, created when missing. Default "heal_hub".</summary>
    public string Schema { get; set; } = "heal_hub";

    /// <summary>Create the schema or bring it up to date at start. False: only check it, for a role that may not change it; the migrations
    /// are then run by another one, see docs/operating/postgresql.md. Default true.</summary>
    public bool MigrateAtStart { get; set; } = true;

    /// <summary>The most messages that one turn gets; more stay for the next. Default 1,000.</summary>
    public int MaxMessagesPerTurn { get; set; } = 1000;

    /// <summary>The most turns that share one transaction. Default 64; more gains little and makes a failure dearer.</summary>
    public int MaxTurnsPerCommit { get; set; } = 64;

    /// <summary>How many turns may wait for their commit before callers have to. Default 1,024.</summary>
    public int MaxQueuedTurns { get; set; } = 1024;

    /// <summary>How often a waiting worker or watcher looks although nothing was signalled. Default 5 s.</summary>
    public TimeSpan SafetyPollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often messages that nobody will consume are removed. Default 1 minute.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The most messages that one sweep removes. Default 1,000.</summary>
    public int MaxMessagesPerSweep { get; set; } = 1000;

    /// <summary>The most large payloads that one sweep looks at. Default 500.</summary>
    public int MaxPayloadsPerSweep { get; set; } = 500;

    /// <summary>How long a statement may take. Default 30 s.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait at start for PostgreSQL to answer. Default 30 s.</summary>
    public TimeSpan StartupTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a host starts only with a PostgreSQL that answers within <see cref="StartupTimeout"/>. False: after one attempt
    /// the start goes on without it, and the hub is made ready as soon as the server answers; until then its calls throw. A server that
    /// answers and refuses (wrong password, no such database, a schema that does not fit) ends the start all the same. Default
    /// true.</summary>
    public bool RequiredAtStart { get; set; } = true;

    /// <summary>How long to wait before listening again when the listening connection was lost and the first attempt, at once, failed;
    /// doubles up to 2 s. Default 0.2 s.</summary>
    public TimeSpan ListenRetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How often each process looks whether another one has died, to take over its work; a second look, 0.1 s later, makes it
    /// certain. A few small queries each time; a process that has the hub for itself looks every 2 s. Default 0.25 s.</summary>
    public TimeSpan WorkerCheckInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long processes that lost their connection have time to come back, when the server was restarted or our own connection
    /// was lost too, before others take over their work. Default 5 s.</summary>
    public TimeSpan ReconnectGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Every fault, in words; empty when the options can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(ConnectionString))
        {
            faults.Add(
                $"{nameof(ConnectionString)} is empty. "
                + "Expected for example 'Host=localhost;Port=5432;Database=heal;Username=heal;Password=...'.");
        }

        if (!SchemaName.IsValid(Schema))
        {
            faults.Add(
                $"{nameof(Schema)} is '{Schema}'. "
                + $"Expected 1 to {SchemaName.MaxLength} lower-case letters, digits or underscores, starting with a letter.");
        }

        CheckCount(faults, nameof(MaxMessagesPerTurn), MaxMessagesPerTurn, 100_000);
        CheckCount(faults, nameof(MaxTurnsPerCommit), MaxTurnsPerCommit, 1_000);
        CheckCount(faults, nameof(MaxQueuedTurns), MaxQueuedTurns, 1_000_000);
        CheckCount(faults, nameof(MaxMessagesPerSweep), MaxMessagesPerSweep, 100_000);
        CheckCount(faults, nameof(MaxPayloadsPerSweep), MaxPayloadsPerSweep, 100_000);
        CheckTime(faults, nameof(SafetyPollInterval), SafetyPollInterval);
        CheckTime(faults, nameof(SweepInterval), SweepInterval);
        CheckTime(faults, nameof(CommandTimeout), CommandTimeout);
        CheckTime(faults, nameof(StartupTimeout), StartupTimeout);
        CheckTime(faults, nameof(ListenRetryDelay), ListenRetryDelay);
        CheckTime(faults, nameof(WorkerCheckInterval), WorkerCheckInterval);
        CheckTime(faults, nameof(ReconnectGrace), ReconnectGrace);
        return faults;
    }

    private static void CheckCount(List<string> faults, string name, int value, int most)
    {
        if (value < 1 || value > most)
        {
            faults.Add($"{name} is {value}. Expected 1 to {most}.");
        }
    }

    private static void CheckTime(List<string> faults, string name, TimeSpan value)
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(1))
        {
            faults.Add($"{name} is {value}. Expected more than zero and at most one day.");
        }
    }
}
