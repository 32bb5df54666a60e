using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Heal.DurableTask.PostgreSql.Tests.Workers;
using Microsoft.DurableTask;
using Microsoft.DurableTask.PostgreSql;
using Npgsql;

namespace Heal.DurableTask.PostgreSql.Tests;

/// <summary>What operators are given: the roles of deploy/postgresql, the monitoring queries, upgrades while workers run.</summary>
public sealed class OperatorTests : ServerTestBase
{
    private static readonly IReadOnlyList<Migration> Known = Migration.FromResources<PostgreSqlTaskHub>();

    [Fact]
    public async Task A_worker_s_role_that_may_only_read_and_write_rows_runs_orchestrations_and_can_change_no_table()
    {
        await StartServerAsync();
        await PsqlAsync("roles.sql", "-v", $"schema={Schema}", "-v", "owner=heal_owner", "-v", "worker=heal_worker");
        string worker = Server.ConnectionStringFor("heal_worker");
        var missing = await Assert.ThrowsAsync<MigrationException>(
            () => HubClient.StartAsync(worker, Schema, options => options.MigrateAtStart = false));
        Assert.Contains("is not set up", missing.Message);
        var refused = await Assert.ThrowsAsync<MigrationException>(() => HubClient.StartAsync(worker, Schema));
        Assert.Contains("may not set up schema", refused.Message);

        await using (await HubClient.StartAsync(Server.ConnectionStringFor("heal_owner"), Schema))
        {
            // It has migrated.
        }

        Hub = Use(await HubClient.StartAsync(worker, Schema, options => options.MigrateAtStart = false));
        await StartWorkerAsync(connectionString: worker);
        await AssertDoneAsync(await ScheduleAsync(3));

        // What a trigger writes for an instance with tags, the worker's role writes too.
        string tagged = await Hub.Client.ScheduleNewOrchestrationInstanceAsync(
            Steps.Orchestrator, 5, new StartOrchestrationOptions { Tags = new Dictionary<string, string> { ["customer"] = "42" } });
        await AssertDoneAsync([tagged]);
        Assert.Equal(1, await Server.ScalarAsync<long>($"SELECT count(*) FROM {Schema}.instance_tags"));
        Assert.Equal(1, (await Hub.Client.PurgeInstanceAsync(tagged)).PurgedInstanceCount);
        Assert.Equal(0, await Server.ScalarAsync<long>($"SELECT count(*) FROM {Schema}.instance_tags"));
        foreach (string change in new[]
        {
            "CREATE TABLE mine (id integer)", "ALTER TABLE instances ADD COLUMN mine integer", "DROP TABLE inbox", "TRUNCATE history",
            "DROP SCHEMA " + Schema, "CREATE SCHEMA mine", "CREATE ROLE mine",
        })
        {
            await using NpgsqlCommand command = Hub.Source.CreateCommand(change);
            var error = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Deadline));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, error.SqlState);
        }
    }

    [Fact]
    public async Task Every_monitoring_query_runs_while_work_is_under_way_and_shows_the_living_worker()
    {
        await StartServerAsync();
        await StartHubAsync();
        WorkerProcess worker = await StartWorkerAsync(holds: true);
        await HoldAsync(worker, 3);
        string answer = await PsqlAsync("monitoring.sql");
        string[] sections = answer.Split("Processes, and whether")[1].Split("Sessions of the hub");
        Assert.Contains("| t", sections[0], StringComparison.Ordinal);
        Assert.DoesNotContain("ERROR", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task During_a_rolling_upgrade_programs_of_the_old_version_work_on_a_schema_one_step_ahead_that_lets_them()
    {
        await StartServerAsync();
        await StartHubAsync();
        WorkerProcess running = await StartWorkerAsync(holds: true);
        string[] ids = await HoldAsync(running, 10);

        // The next version's program comes up first and migrates under the running worker: it only adds.
        Migration expand = new(
            Known.Count + 1,
            "let_instances_have_a_colour",
            $"-- Programs from version {Known.Count} on can go on.\n"
                + "ALTER TABLE instances ADD COLUMN colour text; CREATE INDEX instances_by_colour ON instances (colour);",
            "DROP INDEX instances_by_colour; ALTER TABLE instances DROP COLUMN colour;");
        Assert.Equal(1, await NextProgram([.. Known, expand]).MigrateAsync());
        await running.ReleaseAsync();
        await AssertDoneAsync(ids);

        // A worker of the old version that is started now, beside the running one, works too.
        await StartWorkerAsync();
        await AssertDoneAsync(await ScheduleAsync(20));

        // A step that old programs cannot live with is theirs to refuse, with the reason; it is for when they are gone.
        Migration contract = new(Known.Count + 2, "only_coloured_instances", "SELECT 1;", "SELECT 1;");
        Assert.Equal(1, await NextProgram([.. Known, expand, contract]).MigrateAsync());
        var error = await Assert.ThrowsAsync<MigrationException>(() => HubClient.StartAsync(Server.ConnectionString, Schema));
        Assert.Contains($"asks for a program that knows {contract.Version}. Run a newer program", error.Message);

        await NextProgram([.. Known, expand, contract]).MigrateToAsync(Known.Count);
        await AssertDoneAsync(await ScheduleAsync(3));
    }

    [Fact]
    public async Task Every_program_works_on_the_schemas_that_the_operators_are_told_and_is_refused_by_the_others()
    {
        await StartServerAsync();
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(Server.ConnectionString);
        string table = await File.ReadAllTextAsync(Path.Combine(Repository, "docs", "operating", "postgresql.md"));
        for (int version = 1; version <= Known.Count; version++)
        {
            await Program(source, version).MigrateAsync();
            var works = new List<int>();
            for (int program = 1; program <= version; program++)
            {
                try
                {
                    await Program(source, program).VerifyAsync();
                    works.Add(program);
                }
                catch (MigrationException refused)
                {
                    Assert.Contains($"this program knows versions up to {program} only", refused.Message);
                }
            }

            Assert.Equal((version, string.Join(", ", works)), (version, ProgramsOn(version, table)));
        }
    }

    [Fact]
    public async Task A_hub_name_whose_schema_something_else_owns_is_refused_with_what_was_found_there()
    {
        await StartServerAsync();
        await Server.ExecuteAsync($"CREATE SCHEMA {Schema} CREATE TABLE invoices (id integer)");
        var error = await Assert.ThrowsAsync<MigrationException>(() => HubClient.StartAsync(Server.ConnectionString, Schema));
        Assert.Contains($"Schema '{Schema}' belongs to something else: it holds 'invoices'", error.Message);
        Assert.Equal(1, await Server.ScalarAsync<long>($"SELECT count(*) FROM pg_tables WHERE schemaname = '{Schema}'"));
    }

    private Migrator NextProgram(IReadOnlyList<Migration> migrations) => new(Hub.Source, Schema, migrations);

    private static Migrator Program(NpgsqlDataSource source, int version) => new(source, Schema, [.. Known.Take(version)]);

    /// <summary>From the table of the schemas: a row is for one version or for several, "of the same version" for each of them.</summary>
    private static string? ProgramsOn(int version, string documentation)
    {
        const string row = @"^ *\| (?<first>\d+)( to (?<last>\d+))? \| (?<programs>of the same version|[\d, ]+) \|\s*$";
        foreach (Match match in Regex.Matches(documentation, row, RegexOptions.Multiline | RegexOptions.ExplicitCapture))
        {
            int first = int.Parse(match.Groups["first"].Value, CultureInfo.InvariantCulture);
            int last = match.Groups["last"].Success ? int.Parse(match.Groups["last"].Value, CultureInfo.InvariantCulture) : first;
            if (first <= version && version <= last)
            {
                string programs = match.Groups["programs"].Value;
                return programs.StartsWith("of", StringComparison.Ordinal) ? $"{version}" : programs;
            }
        }

        return null;
    }

    private Task<string> PsqlAsync(string script, params string[] options) => Server.PsqlAsync(
        [.. options, "-f", Path.Combine(DeployFolder, script)], $"-c search_path={Schema}");

    private static string DeployFolder => Path.Combine(Repository, "deploy", "postgresql");

    private static string Repository => typeof(OperatorTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "Repository").Value!;
}
