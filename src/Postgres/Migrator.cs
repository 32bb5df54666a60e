using Npgsql;

namespace Heal.Postgres;

/// <summary>
/// Brings one schema to a version by numbered migrations, each in a transaction of its own together with its record in the table
/// <c>schema_migrations</c>. An advisory lock per schema lets any number of processes call it at once: one works, the others wait.
/// The migrations run with <c>search_path</c> = the schema, so their text names no schema.
/// </summary>
/// <remarks>
/// Rolling upgrades: each step records the oldest program that can go on after it (<see cref="Migration.OldestProgram"/>). A program that
/// is older than the schema runs when every step that it does not know says so, and is refused otherwise.
/// </remarks>
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

    /// <summary>Applies all migrations that the database does not have. One that is newer than the code, and says that the code can go
    /// on with it, is left as it is.</summary>
    /// <returns>How many were applied.</returns>
    /// <exception cref="MigrationException">The database is too new for the code, something else owns the schema, an applied migration's
    /// text changed, or a step failed.</exception>
    public Task<int> MigrateAsync(CancellationToken cancellationToken = default) =>
        GoToAsync(LatestVersion, isUpgrade: true, cancellationToken);

    /// <summary>Checks that the code can work with the schema as it is, and changes nothing: for roles that may not.</summary>
    /// <exception cref="MigrationException">It cannot: the schema is missing, too old or too new, or something else owns it.</exception>
    public async Task VerifyAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        if (await FindRecordAsync(connection, cancellationToken) is (false, _))
        {
            throw new MigrationException(
                $"Schema '{_schema}' is not set up, and this program is not to migrate. "
                + "Run the migrations with the role that owns the schema.");
        }

        var applied = await ReadAppliedAsync(connection, cancellationToken);
        Verify(applied);
        if (applied.Count < LatestVersion)
        {
            throw new MigrationException(
                $"Schema '{_schema}' is at version {applied.Count}, but this program needs {LatestVersion} "
                + $"('{migrations[^1].Name}') and is not to migrate. Run the migrations with the role that owns the schema.");
        }
    }

    /// <summary>Goes up or down to a version; 0 undoes everything but the schema itself.</summary>
    /// <inheritdoc cref="MigrateAsync"/>
    public Task<int> MigrateToAsync(int version, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(version, LatestVersion);
        return GoToAsync(version, isUpgrade: false, cancellationToken);
    }

    private async Task<int> GoToAsync(int version, bool isUpgrade, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        if (isUpgrade && await IsUpToDateAsync(connection, cancellationToken))
        {
            return 0;
        }

        await ExecuteAsync(connection, Sql["migrations_lock"], [_schema], cancellationToken);
        try
        {
            await PrepareAsync(connection, cancellationToken);
            var applied = await ReadAppliedAsync(connection, cancellationToken);
            Verify(applied);
            if (applied.Count > LatestVersion)
            {
                return isUpgrade ? 0 : throw TooNew(applied);
            }

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

    /// <summary>The usual start of a program: there is nothing to do, hence nobody to wait for.</summary>
    private async Task<bool> IsUpToDateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (await FindRecordAsync(connection, cancellationToken) is (false, _))
        {
            return false;
        }

        var applied = await ReadAppliedAsync(connection, cancellationToken);
        Verify(applied);
        return applied.Count >= LatestVersion;
    }

    /// <summary>The record of what was applied; in a schema that is ours alone.</summary>
    private async Task PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (await FindRecordAsync(connection, cancellationToken) is (false, { } stranger))
        {
            throw new MigrationException(
                $"Schema '{_schema}' belongs to something else: it holds '{stranger}' and has no record of our migrations. "
                + "Choose another schema name.");
        }

        try
        {
            await ExecuteAsync(connection, Sql["migrations_prepare"], [], cancellationToken, withSchema: true);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new MigrationException(
                $"This role may not set up schema '{_schema}': {refused.MessageText}. "
                + "Run the migrations with the role that owns the schema, or let somebody create it for this one.",
                refused);
        }
    }

    /// <returns>Whether our record is there, and something else that is.</returns>
    /// <exception cref="MigrationException">It is there, but the role may not read it.</exception>
    private async Task<(bool IsThere, string? Stranger)> FindRecordAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand(Sql["migrations_find_record"], _schema);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (isThere, isReadable) = (reader.GetBoolean(0), reader.GetBoolean(1));
        return !isThere || isReadable
            ? (isThere, reader.IsDBNull(2) ? null : reader.GetString(2))
            : throw new MigrationException(
                $"The role '{reader.GetString(3)}' may not use schema '{_schema}'. "
                + "Grant it its rights, with the role that owns the schema.");
    }

    private async Task<int> StepToAsync(NpgsqlConnection connection, int from, int to, CancellationToken cancellationToken)
    {
        for (var current = from; current < to; current++)
        {
            var step = migrations[current];
            object[] record = [step.Version, step.Name, step.Checksum, step.OldestProgram];
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

    private void Verify(List<Applied> applied)
    {
        if (applied.Count > 0 && migrations.Count > 0 && applied[0].Name != migrations[0].Name)
        {
            throw new MigrationException(
                $"Schema '{_schema}' belongs to something else: its first migration is '{applied[0].Name}', "
                + $"ours is '{migrations[0].Name}'. Choose another schema name.");
        }

        if (applied.Skip(LatestVersion).Any(step => step.OldestProgram > LatestVersion))
        {
            throw TooNew(applied);
        }

        foreach (var ((version, name, checksum, _), known) in applied.Zip(migrations))
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

    private MigrationException TooNew(List<Applied> applied)
    {
        var first = applied.Skip(LatestVersion).FirstOrDefault(step => step.OldestProgram > LatestVersion) ?? applied[^1];
        return new MigrationException(
            $"Schema '{_schema}' is at version {applied.Count} ('{applied[^1].Name}'), "
            + $"but this program knows versions up to {LatestVersion} only, "
            + $"and {first.Version:000}_{first.Name} asks for a program that knows {first.OldestProgram}. "
            + "Run a newer program, or go down with the newer one first.");
    }

    private async Task<List<Applied>> ReadAppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // A batch is a transaction of its own.
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(Sql["migrations_enter_schema"], _schema);
        batch.Add(Sql["migrations_applied"]);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var applied = new List<Applied>();
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add(new Applied(reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetInt32(3)));
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

    private sealed record Applied(int Version, string Name, string Checksum, int OldestProgram);
}
