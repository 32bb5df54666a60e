using Npgsql;

namespace Heal.Postgres;

/// <summary>
/// Brings one schema to a version by numbered migrations, each in a transaction of its own together with its record in the table
/// <c>schema_migrations</c>. An advisory lock per schema lets any number of processes call it at once: one works, the others wait.
/// The migrations run with <c>search_path</c> = the schema, so their text names no schema.
/// </summary>
/// <param name="dataSource">Where; its own search path does not matter.</param>
/// <param name="schema">Which schema; created when it is missing. See <see cref="SchemaName"/> for what is a usable name.</param>
/// <param name="migrations">All that the code knows, see <see cref="Migration.FromResources{T}(string)"/>.</param>
public sealed class Migrator(NpgsqlDataSource dataSource, string schema, IReadOnlyList<Migration> migrations)
{
    private static readonly SqlStatements Sql = SqlStatements.Of<Migrator>();
    private readonly string _schema = SchemaName.Validate(schema);

    /// <summary>How long one migration, or the wait for another process's, may take; default 5 minutes.</summary>
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The version that the code needs.</summary>
    public int LatestVersion => migrations.Count;

    /// <summary>Applies all migrations that the database does not have.</summary>
    /// <returns>How many were applied.</returns>
    /// <exception cref="MigrationException">The database is newer than the code, an applied migration's text changed, or a step
    /// failed.</exception>
    public Task<int> MigrateAsync(CancellationToken cancellationToken = default) => MigrateToAsync(LatestVersion, cancellationToken);

    /// <summary>Goes up or down to a version; 0 undoes everything but the schema itself.</summary>
    /// <inheritdoc cref="MigrateAsync"/>
    public async Task<int> MigrateToAsync(int version, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(version, LatestVersion);

        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, Sql["migrations_lock"], [_schema], cancellationToken);
        try
        {
            await ExecuteAsync(connection, Sql["migrations_prepare"], [], cancellationToken, withSchema: true);
            var applied = await ReadAppliedAsync(connection, cancellationToken);
            Verify(applied);
            return await StepToAsync(connection, applied.Count, version, cancellationToken);
        }
        finally
        {
            // The lock dies with the connection anyway; a broken connection must not hide the first exception.
            if (connection.FullState.HasFlag(System.Data.ConnectionState.Open))
            {
                await ExecuteAsync(connection, Sql["migrations_unlock"], [_schema], CancellationToken.None);
            }
        }
    }

    private async Task<int> StepToAsync(NpgsqlConnection connection, int from, int to, CancellationToken cancellationToken)
    {
        for (var current = from; current < to; current++)
        {
            var step = migrations[current];
            object[] record = [step.Version, step.Name, step.Checksum];
            await StepAsync(connection, step, "up", step.Up, "migrations_record", record, cancellationToken);
        }

        for (var current = from; current > to; current--)
        {
            var step = migrations[current - 1];
            await StepAsync(connection, step, "down", step.Down, "migrations_forget", [step.Version], cancellationToken);
        }

        return Math.Abs(to - from);
    }

    private async Task StepAsync(
        NpgsqlConnection connection,
        Migration step,
        string direction,
        string text,
        string record,
        object[] arguments,
        CancellationToken cancellationToken)
    {
        try
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await ExecuteAsync(connection, Sql["migrations_enter_schema"], [_schema], cancellationToken);
            await ExecuteAsync(connection, text, [], cancellationToken);
            await ExecuteAsync(connection, Sql[record], arguments, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (PostgresException exception)
        {
            throw new MigrationException(
                $"Migration {step.Version:000}_{step.Name} ({direction}) failed in schema '{_schema}': "
                + $"{exception.SqlState} {exception.MessageText}. The schema is still at the version before it.",
                exception);
        }
    }

    private void Verify(IReadOnlyList<(int Version, string Name, string Checksum)> applied)
    {
        if (applied.Count > LatestVersion)
        {
            throw new MigrationException(
                $"Schema '{_schema}' is at version {applied.Count} ('{applied[^1].Name}'), "
                + $"but this program knows versions up to {LatestVersion} only. "
                + "Run a newer program, or go down with the newer one first.");
        }

        foreach (var ((version, name, checksum), known) in applied.Zip(migrations))
        {
            if (version != known.Version || checksum != known.Checksum)
            {
                throw new MigrationException(
                    $"Migration {version:000}_{name} was applied to schema '{_schema}' with another text "
                    + $"than {known.Version:000}_{known.Name} "
                    + $"has in this program (checksum {checksum[..12]}, expected {known.Checksum[..12]}). "
                    + "An applied migration never changes: restore its text and add a new migration.");
            }
        }
    }

    private async Task<IReadOnlyList<(int Version, string Name, string Checksum)>> ReadAppliedAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, Sql["migrations_enter_schema"], [_schema], cancellationToken);
        await using var command = new NpgsqlCommand(Sql["migrations_applied"], connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var applied = new List<(int, string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add((reader.GetInt32(0), reader.GetString(1), reader.GetString(2)));
        }

        return applied;
    }

    private async Task ExecuteAsync(
        NpgsqlConnection connection, string text, object[] arguments, CancellationToken cancellationToken, bool withSchema = false)
    {
        if (withSchema)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await ExecuteAsync(connection, Sql["migrations_enter_schema"], [_schema], cancellationToken);
            await ExecuteAsync(connection, text, arguments, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return;
        }

        await using var command = new NpgsqlCommand(text, connection) { CommandTimeout = (int)StepTimeout.TotalSeconds };
        foreach (var argument in arguments)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = argument });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
