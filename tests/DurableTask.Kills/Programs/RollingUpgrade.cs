using Heal.Postgres;
using Heal.Shared.Tests.Programs;
using Microsoft.DurableTask.PostgreSql;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests.Programs;

/// <summary>
/// What makes a run of generated programs a rolling upgrade: its first workers run on the engine of one migration ago. This version's
/// program migrates under them, in the middle of what they do; then workers of both share the hub and take over from each other, until
/// only those of this version are started.
/// </summary>
/// <param name="older">The assembly of the worker on the older engine, see eng/older-worker.sh.</param>
internal sealed class RollingUpgrade(string older, KillPlan plan)
{
    private const int BegunBefore = 30;

    private static readonly int Version = Migration.FromResources<PostgreSqlTaskHub>().Count;

    private long _effectsBefore;

    /// <summary>What the first, the second ... worker runs; null for this version's.</summary>
    public string? AssemblyOf(int launch) =>
        launch < plan.Workers || (launch < plan.Kills * 2 / 3 && launch % 2 == 0) ? older : null;

    /// <summary>Lets the older workers begin programs that cannot end before this version's client serves them.</summary>
    /// <returns>The ids of what they have begun.</returns>
    public async Task<HashSet<string>> BeginAsync(WorkerProcesses workers, ProgramSet set, NpgsqlDataSource source)
    {
        var begun = new HashSet<string>(StringComparer.Ordinal);
        var waiting =
            from scenario in set.Scenarios
            from root in scenario.Roots
            where root.StartAfter == TimeSpan.Zero && root.Program.AllNodes.Any(node => node is Events or ConcurrentEvents)
            select (root.InstanceId, Line: ProgramWorker.StartLine(root.InstanceId, scenario.ProgramName, root.Program.Id));
        foreach (var (id, line) in waiting.Take(BegunBefore))
        {
            if (!await workers.AskAsync(begun.Count % workers.Count, line, id))
            {
                throw new InvalidOperationException($"A worker of the older version ended instead of starting '{id}':\n{workers.Log}");
            }

            begun.Add(id);
        }

        await ExpectVersionAsync(source, Version - 1, "older workers have migrated");
        return begun;
    }

    /// <summary>This version's client has migrated.</summary>
    /// <param name="begun">What has to be under way.</param>
    public async Task MigratedAsync(NpgsqlDataSource source, IReadOnlyCollection<string> begun)
    {
        await ExpectVersionAsync(source, Version, "this version's client has migrated");
        long open = await ScalarAsync(
            source, $"SELECT count(*) FROM {Ledger.HubSchema}.instances WHERE completed_at IS NULL AND parent_instance_id IS NULL");
        if (open == 0)
        {
            throw new InvalidOperationException(
                $"Expected some of the {begun.Count} programs that older workers began to be in their middle, but all have ended.");
        }

        _effectsBefore = await ScalarAsync(source, "SELECT coalesce(max(id), 0) FROM effects");
    }

    /// <returns>What shows that the workers of one version did nothing after the migration.</returns>
    public async Task<List<string>> CheckAsync(WorkerProcesses workers, NpgsqlDataSource source)
    {
        var idle = new List<string>();
        foreach (string? assembly in new[] { older, null })
        {
            await using var command = source.CreateCommand("SELECT count(*) FROM effects WHERE id > $1 AND process = ANY($2)");
            command.Parameters.Add(new() { Value = _effectsBefore });
            command.Parameters.Add(new() { Value = workers.Launched[assembly].ToArray() });
            if ((long)(await command.ExecuteScalarAsync())! == 0)
            {
                idle.Add($"expected workers of {(assembly is null ? "this version" : "the older one")} to run activities on schema "
                    + $"{Version}, but they ran none");
            }
        }

        return idle;
    }

    private static async Task ExpectVersionAsync(NpgsqlDataSource source, int expected, string when)
    {
        long version = await ScalarAsync(source, $"SELECT max(version) FROM {Ledger.HubSchema}.schema_migrations");
        if (version != expected)
        {
            throw new InvalidOperationException($"Expected the hub at version {expected} when {when}, got {version}.");
        }
    }

    private static async Task<long> ScalarAsync(NpgsqlDataSource source, string query)
    {
        await using var command = source.CreateCommand(query);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
