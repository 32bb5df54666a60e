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
        await ExecuteAsync("VACUUM ANALYZE instances, instance_tags");
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
    public async Task A_name_is_counted_however_rare_or_new_it_is()
    {
        await CompleteAsync("Rare", 3);
        await CompleteAsync("Sudden", 15_000);

        var all = (await _hub.CountInstancesAsync(new InstanceCountQuery())).ToLookup(count => (count.Name, count.Status));
        Assert.Equal(new InstanceCount("Rare", OrchestrationStatus.Completed, 3, IsEstimate: false), CompletedOf("Rare"));
        Assert.Equal([CompletedOf("Rare")], await _hub.CountInstancesAsync(new InstanceCountQuery("rare")));
        Assert.Equal([CompletedOf("Import") with { Count = 2000, IsEstimate = false }],
            await _hub.CountInstancesAsync(new InstanceCountQuery("IMPORT")));
        Assert.Empty(await _hub.CountInstancesAsync(new InstanceCountQuery("Nothing")));

        // The server's statistics are of before; an answer looks at a certain number only, and says that it is an estimate.
        var sudden = Assert.Single(await _hub.CountInstancesAsync(new InstanceCountQuery("Sudden")));
        Assert.True(sudden is { IsEstimate: true, Count: >= 5_000 } && CompletedOf("Sudden").IsEstimate, sudden.ToString());

        InstanceCount CompletedOf(string name) => Assert.Single(all[(name, OrchestrationStatus.Completed)]);
    }

    [Fact]
    public async Task Many_names_that_are_none_of_them_common_are_all_in_the_answer()
    {
        await ExecuteAsync("UPDATE instances SET name = 'Name' || (abs(hashtext(instance_id)) % 150)");
        await ExecuteAsync("VACUUM ANALYZE instances");
        var exact = await _hub.CountInstancesAsync(new InstanceCountQuery(Statuses: [OrchestrationStatus.Completed], Exact: true));
        var counts = await _hub.CountInstancesAsync(new InstanceCountQuery(Statuses: [OrchestrationStatus.Completed]));

        Assert.Equal(150, exact.Count);
        Assert.Equal(Names(exact), Names(counts));
        Assert.InRange(counts.Sum(count => count.Count), Completed * 0.7, Completed * 1.3);

        static IEnumerable<string> Names(IEnumerable<InstanceCount> counts) =>
            counts.Select(count => count.Name).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_page_of_a_prefix_of_many_comes_by_id_and_so_do_the_next()
    {
        var ids = new List<string>();
        string? token = null;
        for (var i = 0; i < 3; i++)
        {
            var page = await _hub.QueryInstancesAsync(new InstanceQuery(InstanceIdPrefix: "i-", PageSize: 10, ContinuationToken: token));
            ids.AddRange(page.Instances.Select(instance => instance.InstanceId));
            token = page.ContinuationToken;
        }

        var all = Enumerable.Range(1, Completed).Where(n => n % 20000 != 0).Select(n => $"i-{n}").Order(StringComparer.Ordinal);
        Assert.Equal(all.Take(30), ids);
    }

    [Fact]
    public async Task Rare_instances_are_found_by_name_status_tag_and_prefix()
    {
        Assert.Equal(20, await FoundAsync(new InstanceQuery(Statuses: [OrchestrationStatus.Failed])));
        Assert.Equal(20, await FoundAsync(new InstanceQuery(Statuses: [OrchestrationStatus.Failed], ByCompletion: true)));
        Assert.Equal(1000, await FoundAsync(new InstanceQuery(Statuses: [OrchestrationStatus.Completed], ByCompletion: true)));
        Assert.Equal(0, await FoundAsync(new InstanceQuery(Statuses: [OrchestrationStatus.Running], ByCompletion: true)));
        Assert.Equal(30, await FoundAsync(new InstanceQuery(Statuses: [OrchestrationStatus.Running])));
        Assert.Equal(10, await FoundAsync(new InstanceQuery(Tags: Tags(("customer", "42")))));
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
        Assert.Contains("an_instance_has_a_tag_once", await PlanAsync(
            planCacheMode, "count_tagged (text, text, int)", "'customer', '42', 1001"));
        Assert.Contains("instance_id_is_unique", await PlanAsync(planCacheMode, "count_prefixed (text, int)", "'rare-', 1001"));
        const string prefixed = "NULL, NULL, NULL, 'rare-', NULL, NULL, NULL, NULL, 101, false, NULL";
        Assert.Contains("instance_id_is_unique", await PlanAsync(planCacheMode, $"query_prefixed_instances {types}", prefixed));
        var byId = await PlanAsync(planCacheMode, $"query_instances_by_id {types}", prefixed);
        Assert.Contains("instance_id_is_unique", byId);
        Assert.DoesNotContain("Sort", byId);
        Assert.Contains("instances_by_parent", await PlanAsync(
            planCacheMode, $"query_children {types}", "NULL, NULL, NULL, NULL, NULL, 'parent', NULL, NULL, 101, false, NULL"));
        Assert.Contains("entity_id_is_unique", await PlanAsync(
            planCacheMode,
            "query_entities (text, timestamptz, timestamptz, bool, bool, text, int)",
            "'@counter@', NULL, NULL, false, true, NULL, 101"));
        Assert.Contains("instances_by_name", await PlanAsync(planCacheMode, "count_named (text[], int)", "'{import}', 10000"));
        Assert.Contains("instances_by_name", await PlanAsync(planCacheMode, "list_names (int)", "1000"));
        Assert.Contains("instances_without_success", await PlanAsync(planCacheMode, "count_without_success (text)", "NULL"));
        var expired = await PlanAsync(
            planCacheMode,
            "purge_expired (timestamptz, text, int, interval, smallint[], interval[])",
            "'-infinity', '', 500, '1 day', '{1}', '{1 day}'");
        Assert.Contains("instances_by_creation", expired);
        Assert.DoesNotContain("Seq Scan on instances", expired);
    }

    /// <summary>What decides is how many rows a page reads: a few failures must not be looked for among all that ended.</summary>
    [Theory]
    [InlineData("force_generic_plan")]
    [InlineData("force_custom_plan")]
    public async Task A_page_of_ended_instances_reads_no_others(string planCacheMode)
    {
        const string types = "(timestamptz, timestamptz, smallint[], text, text, text, timestamptz, text, int, bool, jsonb, "
            + "timestamptz, timestamptz, bool[])";
        foreach (var (statuses, outcomes) in new[] { ("{3}", "{f}"), ("{1}", "{t}"), ("{1,3}", "{t,f}") })
        {
            var plan = await PlanAsync(
                planCacheMode,
                $"query_ended {types}",
                $"NULL, NULL, '{statuses}', NULL, NULL, NULL, NULL, NULL, 11, false, NULL, NULL, NULL, '{outcomes}'",
                explain: "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF)");
            Assert.Contains("instances_by_outcome", plan);
            Assert.DoesNotContain("Rows Removed by Filter", plan);
        }
    }

    /// <summary>A tag that many instances have, the youngest of all: a page reads as many as it shows, and one more.</summary>
    [Theory]
    [InlineData("force_generic_plan")]
    [InlineData("force_custom_plan")]
    public async Task A_page_of_a_tag_reads_no_others_however_many_and_however_young_they_are(string planCacheMode)
    {
        const int young = 2 * InstanceQueries.MaxSorted;
        await ExecuteAsync(
            "INSERT INTO instances (instance_id, execution_id, name, status, created_at, completed_at, succeeded, tags) "
            + "SELECT 'young-' || n, 'e', 'Order', 1, now() + n * interval '1 ms', now(), true, "
            + $"jsonb_build_object('region', 'north', 'n', n::text) FROM generate_series(1, {young}) n");
        const string types = "(timestamptz, timestamptz, smallint[], text, text, text, timestamptz, text, int, bool, jsonb, text, text)";
        var plan = await PlanAsync(
            planCacheMode,
            $"query_tagged_instances {types}",
            "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 101, false, '{\"region\":\"north\"}', 'region', 'north'",
            explain: "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF)");
        Assert.Contains("an_instance_has_a_tag_once", plan);
        Assert.DoesNotContain("Seq Scan", plan);
        Assert.DoesNotContain("Sort", plan);
        Assert.DoesNotContain("Rows Removed by Filter", plan);
        Assert.Matches(@"an_instance_has_a_tag_once on instance_tags[^\n]*rows=101(\.00)? ", plan);

        // Page after page, and by several tags, whichever is looked for.
        var ids = new List<string>();
        InstancePage page = new([], null);
        do
        {
            page = await _hub.QueryInstancesAsync(new InstanceQuery(
                Tags: Tags(("region", "north")), PageSize: 7_000, ContinuationToken: page.ContinuationToken));
            ids.AddRange(page.Instances.Select(instance => instance.InstanceId));
        }
        while (page.ContinuationToken is not null);
        Assert.Equal(Enumerable.Range(1, young).Select(n => $"young-{n}"), ids);
        Assert.Equal(1, await FoundAsync(new InstanceQuery(Tags: Tags(("region", "north"), ("n", "77")))));
        Assert.Equal(0, await FoundAsync(new InstanceQuery(Tags: Tags(("region", "north"), ("n", "none")))));
        Assert.Equal(0, await FoundAsync(new InstanceQuery(Tags: Tags(("region", "north")), Name: "import")));
    }

    private static Dictionary<string, string> Tags(params (string Name, string Value)[] tags) =>
        tags.ToDictionary(tag => tag.Name, tag => tag.Value, StringComparer.Ordinal);

    private Task CompleteAsync(string name, int count) => ExecuteAsync(
        "INSERT INTO instances (instance_id, execution_id, name, status, completed_at, succeeded) "
        + $"SELECT '{name}-' || n, 'e', '{name}', 1, now(), true FROM generate_series(1, {count}) n");

    private async Task<int> FoundAsync(InstanceQuery query) =>
        (await _hub.QueryInstancesAsync(query with { PageSize = PageToken.MaxPageSize })).Instances.Count;

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<string> PlanAsync(
        string planCacheMode, string statement, string arguments, string settings = "", string explain = "EXPLAIN")
    {
        await using var connection = await _source.OpenConnectionAsync();
        var name = statement.Split(' ')[0];
        await using var prepare = new NpgsqlCommand(
            $"{settings} SET plan_cache_mode = {planCacheMode}; PREPARE {statement} AS {HubDatabase.Sql[name]}", connection);
        await prepare.ExecuteNonQueryAsync();
        await using var execute = new NpgsqlCommand($"{explain} EXECUTE {name} ({arguments})", connection);
        await using var reader = await execute.ExecuteReaderAsync();
        return string.Join('\n', await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), CancellationToken.None));
    }
}
