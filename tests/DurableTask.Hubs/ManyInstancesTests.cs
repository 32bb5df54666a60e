using Heal.Postgres.Tests;
using Microsoft.DurableTask.PostgreSql;
using Npgsql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>What operators ask of a hub that has completed many instances: every answer comes by an index, whatever the size.</summary>
public sealed class ManyInstancesTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private const int Completed = 200_000;
    private readonly PostgreSqlTaskHubOptions _options = new()
    {
        ConnectionString = database.ConnectionString,
        Schema = "many_" + Guid.NewGuid().ToString("N")[..12],
    };

    private PostgreSqlTaskHub _hub = null!;
    private NpgsqlDataSource _source = null!;

    public async Task InitializeAsync()
    {
        _hub = new PostgreSqlTaskHub(_options, TimeProvider.System);
        await _hub.InitializeAsync();
        _source = HubDatabase.CreateDataSource(_options, loggerFactory: null);
        // Every 100th is an import; 20 failed, 30 run, 10 belong to customer 42.
        await ExecuteAsync(
            "INSERT INTO instances (instance_id, execution_id, name, status, created_at, completed_at, succeeded, input, tags) "
            + "SELECT CASE WHEN n % 20000 = 0 THEN 'rare-' ELSE 'i-' END || n, 'e', CASE WHEN n % 100 = 0 THEN 'Import' ELSE 'Order' END, "
            + "CASE WHEN n % 10000 = 1 THEN 3 WHEN n % 6667 = 2 THEN 0 ELSE 1 END, now() - (250000 - n) * interval '1 s', "
            + "CASE WHEN n % 6667 = 2 THEN NULL ELSE now() END, n % 10000 <> 1 AND n % 6667 <> 2, repeat('x', 100), "
            + "CASE WHEN n % 20000 = 3 THEN '{\"customer\":\"42\"}'::jsonb END "
            + $"FROM generate_series(1, {Completed}) n");
        await ExecuteAsync("VACUUM ANALYZE instances");
    }

    public async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task Counts_are_exact_but_for_what_completed_which_is_near()
    {
        var counts = await _hub.CountInstancesAsync(new InstanceCountQuery());
        var exact = await _hub.CountInstancesAsync(new InstanceCountQuery(Exact: true));

        Assert.Equal(
            exact.Where(count => count.Status != OrchestrationStatus.Completed).OrderBy(count => count.ToString()),
            counts.Where(count => count.Status != OrchestrationStatus.Completed).OrderBy(count => count.ToString()));
        Assert.Equal(20, exact.Where(count => count.Status == OrchestrationStatus.Failed).Sum(count => count.Count));
        foreach (var estimate in counts.Where(count => count.Status == OrchestrationStatus.Completed))
        {
            var counted = exact.Single(count => (count.Name, count.Status) == (estimate.Name, estimate.Status));
            Assert.True(estimate.IsEstimate);
            Assert.InRange(estimate.Count, counted.Count * 0.7, counted.Count * 1.3);
        }

        Assert.Equal(Completed, exact.Sum(count => count.Count));
    }

    [Fact]
    public async Task Rare_instances_are_found_by_name_status_tag_and_prefix()
    {
        Assert.Equal(20, await FoundAsync(new InstanceQuery(Statuses: [OrchestrationStatus.Failed])));
        Assert.Equal(30, await FoundAsync(new InstanceQuery(Statuses: [OrchestrationStatus.Running])));
        Assert.Equal(10, await FoundAsync(new InstanceQuery(Tags: new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["customer"] = "42",
        })));
        Assert.Equal(10, await FoundAsync(new InstanceQuery(InstanceIdPrefix: "rare-")));
        Assert.Equal(1000, await FoundAsync(new InstanceQuery(Name: "import")));
    }

    [Theory]
    [InlineData("force_generic_plan")]
    [InlineData("force_custom_plan")]
    public async Task Management_queries_walk_indexes(string planCacheMode)
    {
        const string conditions = "NULL, NULL, {0}, NULL, {1}, NULL, NULL, NULL, 101, false, NULL";
        const string types = "(timestamptz, timestamptz, smallint[], text, text, text, timestamptz, text, int, bool, jsonb)";
        var byName = await PlanAsync(planCacheMode, $"query_named_instances {types}", string.Format(null, conditions, "NULL", "'import'"));
        Assert.Contains("instances_by_name", byName);
        Assert.DoesNotContain("Sort", byName);
        var failed = await PlanAsync(
            planCacheMode, $"query_instances_without_success {types}", string.Format(null, conditions, "'{3}'", "NULL"));
        Assert.Contains("instances_without_success", failed);
        Assert.DoesNotContain("Sort", failed);
        Assert.Contains("instances_by_tag", await PlanAsync(
            planCacheMode, "find_tagged (text, int)", "'{\"customer\":\"42\"}', 1001", "SET enable_bitmapscan = on;"));
        Assert.Contains("instance_id_is_unique", await PlanAsync(planCacheMode, "find_prefixed (text, int)", "'rare-', 1001"));
        Assert.Contains("instances_without_success", await PlanAsync(planCacheMode, "count_without_success (text)", "NULL"));
        var expired = await PlanAsync(
            planCacheMode,
            "purge_expired (timestamptz, text, int, interval, smallint[], interval[])",
            "'-infinity', '', 500, '1 day', '{1}', '{1 day}'");
        Assert.Contains("instances_by_creation", expired);
        Assert.DoesNotContain("Seq Scan on instances", expired);
    }

    private async Task<int> FoundAsync(InstanceQuery query) =>
        (await _hub.QueryInstancesAsync(query with { PageSize = PageToken.MaxPageSize })).Instances.Count;

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<string> PlanAsync(string planCacheMode, string statement, string arguments, string settings = "")
    {
        await using var connection = await _source.OpenConnectionAsync();
        var name = statement.Split(' ')[0];
        await using var prepare = new NpgsqlCommand(
            $"{settings} SET plan_cache_mode = {planCacheMode}; PREPARE {statement} AS {HubDatabase.Sql[name]}", connection);
        await prepare.ExecuteNonQueryAsync();
        await using var explain = new NpgsqlCommand($"EXPLAIN EXECUTE {name} ({arguments})", connection);
        await using var reader = await explain.ExecuteReaderAsync();
        return string.Join('\n', await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), CancellationToken.None));
    }
}
