using Heal.Postgres.Tests;
using Microsoft.DurableTask.PostgreSql;
using Npgsql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>
/// How PostgreSQL runs the statements of a hub, whatever the tables hold and whatever it believes that they hold: by indexes, and not one
/// row further than it must (decision 24).
/// </summary>
public sealed class StatementPlanTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private const string LockTypes = "text, int, interval, text[], text[]";

    private readonly PostgreSqlTaskHubOptions _options = new()
    {
        ConnectionString = database.ConnectionString,
        Schema = "plans_" + Guid.NewGuid().ToString("N")[..12],
    };

    private PostgreSqlTaskHub _hub = null!;
    private NpgsqlDataSource _source = null!;

    public async Task InitializeAsync()
    {
        _hub = new PostgreSqlTaskHub(_options, TimeProvider.System);
        await _hub.InitializeAsync();
        _source = HubDatabase.CreateDataSource(_options, loggerFactory: null);
    }

    public async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Theory]
    [InlineData("force_custom_plan")]
    [InlineData("force_generic_plan")]
    public async Task Finding_work_walks_the_indexes_whatever_the_size(string planCacheMode)
    {
        await ExecuteAsync(
            "INSERT INTO instances (instance_id, execution_id, name, status, locked_by, locked_until) "
            + "SELECT 'i' || n, 'e', 'Order', 0, "
            + "CASE WHEN n % 10 = 0 THEN 'w' END, CASE WHEN n % 10 = 0 THEN now() + interval '1 hour' END "
            + "FROM generate_series(1, 100000) n");
        await ExecuteAsync(
            "INSERT INTO inbox (instance_id, visible_at, event) "
            + "SELECT 'i' || n, now() - n * interval '1 ms', '{}' FROM generate_series(1, 100000) n");
        await ExecuteAsync(
            "INSERT INTO activities (instance_id, execution_id, task_id, event) "
            + "SELECT 'i' || n, 'e', 1, '{}' FROM generate_series(1, 100000) n");
        await ExecuteAsync("ANALYZE inbox; ANALYZE instances; ANALYZE activities");

        var orchestrations = await PlanAsync(planCacheMode, $"lock_orchestrations ({LockTypes})", "'w1', 64, '1 min', null, null");
        Assert.Contains("inbox_by_time", orchestrations);
        Assert.Contains("inbox_by_instance", orchestrations);
        Assert.DoesNotContain("Sort", orchestrations);
        var activities = await PlanAsync(planCacheMode, $"lock_activities ({LockTypes})", "'w1', 64, '1 min', null, null");
        Assert.Contains("activities_by_time", activities);
        string[] plans =
        [
            orchestrations,
            activities,
            await PlanAsync(planCacheMode, $"lock_orchestrations ({LockTypes})", "'w1', 64, '1 min', '{Order}', '{null}'"),
            await PlanAsync(planCacheMode, $"lock_activities ({LockTypes})", "'w1', 64, '1 min', '{Order}', '{null}'"),
            await PlanAsync(planCacheMode, $"lock_orchestrations ({LockTypes})", "'w1', 64, '1 min', '{Other}', '{null}'"),
            await PlanAsync(planCacheMode, "next_orchestration_due (text[], text[])", "null, null"),
            await PlanAsync(planCacheMode, "next_activity_due (text[], text[])", "null, null"),
            await PlanAsync(planCacheMode, "find_orchestration_locks (text, int)", "'w', 10000"),
            await PlanAsync(planCacheMode, "find_activity_locks (text)", "'w'"),
            await PlanAsync(planCacheMode, "find_entity_locks (text, int)", "'w', 10000"),
            await PlanAsync(planCacheMode, "lock_turns (text[])", "'{i1}'"),
            await PlanAsync(
                planCacheMode,
                "create_fresh_instances (text[], text[], text[], text[], text[], text[], timestamptz[], text[], text[], text[])",
                "'{n}', '{e}', '{Order}', '{null}', '{null}', '{null}', '{null}', '{1}', '{w}', '{x}'"),
            await PlanAsync(
                planCacheMode,
                "commit_turns (text[], text[], text[], bigint[], bool[], int[], int[], smallint[], text[], text[], text[], text[], bool[], "
                    + "bool[], interval[], bigint[], bigint[], bigint[], text[], bigint[], bigint[], int[], text[], text[], "
                    + "text[], bool[], bigint[])",
                "'{i1}', '{e}', '{w}', '{1}', '{f}', '{1}', '{1}', '{0}', '{null}', '{null}', '{null}', '{x}', '{f}', '{t}', '{30 s}', "
                    + "'{1}', '{1}', '{1}', '{w}', '{1}', '{1}', '{1}', '{A}', '{null}', '{x}', '{t}', '{1}'"),
            await PlanAsync(
                planCacheMode,
                "commit_resident_turns (text[], text[], text[], bigint[], int[], int[], smallint[], text[], text[])",
                "'{i1}', '{e}', '{w}', '{1}', '{1}', '{1}', '{0}', '{null}', '{x}'"),
            await PlanAsync(
                planCacheMode,
                "commit_resident_turn (text, text, text, bigint, int, int, smallint, text, text)",
                "'i1', 'e', 'w', 1, 1, 1, 0::smallint, null, 'x'"),
            await PlanAsync(
                planCacheMode,
                "end_resident_turns (text[], text[], text[], bigint[], int[], int[], smallint[], text[], text[], text[], text[])",
                "'{i1}', '{e}', '{w}', '{1}', '{1}', '{1}', '{1}', '{null}', '{x}', '{null}', '{null}'"),
            await PlanAsync(
                planCacheMode,
                "end_resident_turn (text, text, text, bigint, int, int, smallint, text, text, text, text)",
                "'i1', 'e', 'w', 1, 1, 1, 1::smallint, null, 'x', null, null"),
            await PlanAsync(
                planCacheMode,
                "create_opened_instance (text, text, text, text, text, text, text, text, int, smallint, text, text)",
                "'n', 'e', 'Order', null, null, null, '1', 'w', 4, 0::smallint, null, 'x'"),
            await PlanAsync(planCacheMode, "lock_residents (text[], text[], int)", "'{w}', null, 500"),
            await PlanAsync(planCacheMode, "read_residents (text[], text[])", "'{i1}', '{e}'"),
            await PlanAsync(planCacheMode, "read_histories (text[])", "'{i1,i2}'"),
            await PlanAsync(planCacheMode, "read_messages (text[], text[], int)", "'{i1,i2}', '{i2}', 1000"),
            await PlanAsync(planCacheMode, "post_messages (text[], text[], text[])", "'{i1}', '{null}', '{x}'"),
            await PlanAsync(planCacheMode, "post_child_messages (text[], text[], text[])", "'{i1}', '{i2}', '{x}'"),
            await PlanAsync(planCacheMode, "bring_child_starts_forward (text[], text[])", "'{i1}', '{i2}'"),
        ];
        Assert.DoesNotContain(plans, plan => plan.Contains("Seq Scan", StringComparison.Ordinal));
    }

    /// <summary>How many instances are locked, or have ended, changes faster than the server's statistics: by what these said of another
    /// moment, it would be cheap to walk all instances and sort.</summary>
    [Theory]
    [InlineData("force_custom_plan", "now() + interval '1 hour'", "NULL")]
    [InlineData("force_generic_plan", "now() + interval '1 hour'", "NULL")]
    [InlineData("force_generic_plan", "NULL", "now()")]
    public async Task Finding_work_walks_the_inbox_by_time_whatever_the_statistics_say(
        string planCacheMode, string lockedUntil, string completedAt)
    {
        await ExecuteAsync(
            "INSERT INTO instances (instance_id, execution_id, name, status, locked_until, completed_at) SELECT 'i' || n, 'e', 'Order', "
            + $"{(completedAt == "NULL" ? 0 : 1)}, {lockedUntil}, {completedAt} FROM generate_series(1, 10000) n");
        await ExecuteAsync(
            "INSERT INTO inbox (instance_id, visible_at, event) "
            + "SELECT 'i' || n, now() + n * interval '1 ms', '{}' FROM generate_series(1, 10000) n");
        await ExecuteAsync(
            $"INSERT INTO entities (entity_id, locked_until) SELECT '@a@' || n, {lockedUntil} FROM generate_series(1, 10000) n");
        await ExecuteAsync(
            "INSERT INTO entity_inbox (entity_id, visible_at, message) "
            + "SELECT '@a@' || n, now() + n * interval '1 ms', '{}' FROM generate_series(1, 10000) n");
        await ExecuteAsync("ANALYZE inbox; ANALYZE instances; ANALYZE entities; ANALYZE entity_inbox");

        var orchestrations = await PlanAsync(planCacheMode, $"lock_orchestrations ({LockTypes})", "'w1', 64, '1 min', null, null");
        Assert.Contains("inbox_by_time", orchestrations);
        Assert.DoesNotContain("Sort", orchestrations);
        var limited = await PlanAsync(
            planCacheMode,
            "lock_limited_orchestrations (text, int, interval, text[], int[], text[], text[])",
            "'w1', 64, '1 min', '{order}', '{1}', null, null");
        Assert.Contains("inbox_by_time", limited);
        Assert.DoesNotContain("Sort Key: inbox.visible_at", limited);
        Assert.DoesNotContain("Sort Key: m.visible_at", limited);
        var due = await PlanAsync(planCacheMode, "next_orchestration_due (text[], text[])", "null, null");
        Assert.Equal(2, due.Split("inbox_by_time").Length - 1);
        var swept = await PlanAsync(planCacheMode, "sweep_inbox (int)", "1000");
        Assert.Contains("inbox_by_time", swept);
        Assert.DoesNotContain("Sort", swept);
        var entities = await PlanAsync(planCacheMode, "lock_entities (text, int, interval, text[])", "'w1', 64, '1 min', null");
        Assert.Contains("entity_inbox_by_time", entities);
        Assert.DoesNotContain("Sort Key: entity_inbox.visible_at", entities);
        Assert.DoesNotContain("Sort Key: m.visible_at", entities);
    }

    [Theory]
    [InlineData("force_custom_plan")]
    [InlineData("force_generic_plan")]
    public async Task Giving_back_walks_the_indexes_whatever_the_size(string planCacheMode)
    {
        await ExecuteAsync(
            "INSERT INTO instances (instance_id, execution_id, name, status) "
            + "SELECT 'i' || n, 'e', 'Order', 0 FROM generate_series(1, 50000) n");
        await ExecuteAsync(
            "INSERT INTO inbox (instance_id, visible_at, event) "
            + "SELECT 'i' || n, now() - n * interval '1 ms', '{}' FROM generate_series(1, 50000) n");
        await ExecuteAsync(
            "INSERT INTO activities (instance_id, execution_id, task_id, event) "
            + "SELECT 'i' || n, 'e', 1, '{}' FROM generate_series(1, 50000) n");
        await ExecuteAsync("ANALYZE inbox; ANALYZE instances; ANALYZE activities");

        var activities = await PlanAsync(planCacheMode, "give_back_activities (text[])", "'{w1,w2}'");
        Assert.Contains("activities_by_time", activities);
        Assert.DoesNotContain("Seq Scan", activities);
        var orchestrations = await PlanAsync(planCacheMode, "give_back_orchestrations (text[], int)", "'{w1,w2}', 10000");
        Assert.Contains("inbox_by_time", orchestrations);
        Assert.DoesNotContain("Seq Scan", orchestrations);
    }

    /// <summary>By statistics of before the death, hardly any instance is free: comparing all of them with each activity would look cheap,
    /// and takes a tenth of a second for 400.</summary>
    [Theory]
    [InlineData("force_custom_plan")]
    [InlineData("force_generic_plan")]
    public async Task Taking_over_looks_up_each_instance_by_its_id_whatever_the_statistics_say(string planCacheMode)
    {
        await ExecuteAsync(
            "INSERT INTO instances (instance_id, execution_id, name, status, resident_at, locked_by, locked_until) "
            + "SELECT 'i' || n, 'e', 'Order', 0, 'w1', 'w1', now() + interval '1 hour' FROM generate_series(1, 1000) n");
        await ExecuteAsync(
            "INSERT INTO activities (instance_id, execution_id, task_id, event, locked_by) "
            + "SELECT 'i' || n, 'e', 1, '{}', 'w1' FROM generate_series(1, 1000) n");
        await ExecuteAsync("ANALYZE instances; ANALYZE activities");

        var ids = string.Join(',', Enumerable.Range(1, 400).Select(n => $"i{n}"));
        string[] plans =
        [
            await PlanAsync(planCacheMode, "lock_activities (text, int, interval, text[], text[])", "'w2', 400, '1 min', null, null"),
            await PlanAsync(planCacheMode, "read_stranded_instances (text[], int)", $"'{{{ids}}}', 10000"),
            await PlanAsync(planCacheMode, "give_back_orchestrations (text[], int)", "'{w1}', 10000"),
        ];
        foreach (var plan in plans)
        {
            var lines = plan.Split('\n');
            var looks = lines.Where((line, i) => line.Contains(" on instances", StringComparison.Ordinal)
                && line.Contains("Scan", StringComparison.Ordinal)
                && !lines[i + 1].Contains("Index Cond: (instance_id = ", StringComparison.Ordinal));
            Assert.Empty(looks);
            Assert.Contains("on instances", plan);
        }
    }

    /// <summary>The plan of a statement that is prepared with these types and executed with these values.</summary>
    private async Task<string> PlanAsync(string planCacheMode, string nameAndTypes, string values)
    {
        var name = nameAndTypes.Split(' ')[0];
        await using var connection = await _source.OpenConnectionAsync();
        await using (var prepare = new NpgsqlCommand(
            $"SET plan_cache_mode = {planCacheMode}; PREPARE {nameAndTypes} AS {HubDatabase.Sql[name]}", connection))
        {
            await prepare.ExecuteNonQueryAsync();
        }

        await using var explain = new NpgsqlCommand($"EXPLAIN (COSTS OFF) EXECUTE {name} ({values})", connection);
        await using var reader = await explain.ExecuteReaderAsync();
        return string.Join('\n', await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), CancellationToken.None));
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
