using DurableTask.Core.Payloads;
using Heal.Postgres;
using Microsoft.DurableTask.PostgreSql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>What is left over is removed, and nothing else.</summary>
public sealed class SweepTests(HubTestDatabase database) : PostgreSqlHubSuite(database)
{
    [Fact]
    public async Task Messages_that_nobody_will_consume_are_swept()
    {
        var hub = await StartHubAsync();
        await hub.CreateInstanceAsync(Some.Instance("alive"), []);
        await ExecuteAsync(
            "INSERT INTO inbox (instance_id, execution_id, visible_at, event) "
            + "VALUES ('gone', NULL, now(), '{}'), ('alive', 'old', now(), '{}')");
        await using var statements = new HubDatabase(Options(), Log);
        var sweeper = new InboxSweeper(statements, TimeProvider.System, Log);
        Assert.Equal(2, await sweeper.RunOnceAsync(CancellationToken.None));
        Assert.Equal(["alive"], await ListAsync("SELECT instance_id FROM inbox"));
    }

    [Fact]
    public async Task Payloads_that_nothing_refers_to_are_swept_a_few_at_a_time()
    {
        var hub = await StartHubAsync();
        await hub.CreateInstanceAsync(Some.Instance("used"), []);
        string[] places =
        [
            "UPDATE instances SET custom_status = 'at p1'",
            "INSERT INTO history (instance_id, seq, event) VALUES ('used', 9, 'at p2')",
            "INSERT INTO inbox (instance_id, visible_at, event) VALUES ('used', 'infinity', 'at p3')",
            "INSERT INTO activities (instance_id, execution_id, task_id, event, visible_at) VALUES ('used', 'e', 0, 'at p4', 'infinity')",
        ];
        foreach (var place in places)
        {
            await using var command = Source.CreateCommand(place);
            await command.ExecuteNonQueryAsync();
        }

        await hub.PutPayloadsAsync([.. Enumerable.Range(0, 8).Select(i => new StoredPayload($"p{i}", i == 7 ? "purged" : "used", [0]))]);
        var options = Options();
        options.MaxPayloadsPerSweep = 3;
        await using var statements = new HubDatabase(options, Log);
        var sweeper = new PayloadStore(statements, TimeProvider.System, Log.CreateLogger(""));
        Assert.Equal(0, await sweeper.RunOnceAsync(TimeSpan.FromHours(1), CancellationToken.None));

        var removed = new List<int>();
        for (var round = 0; round < 4; round++)
        {
            removed.Add(await sweeper.RunOnceAsync(TimeSpan.Zero, CancellationToken.None));
        }

        // p3 to p5, p6 and p7, nothing more, and round again: p0 to p2.
        Assert.Equal([1, 2, 0, 1], removed);
        Assert.Equal(["p1", "p2", "p3", "p4"], await ListAsync("SELECT id FROM payloads ORDER BY id"));
    }

    [Fact]
    public async Task Payloads_of_entities_stay_for_as_long_as_a_state_or_a_message_refers_to_them()
    {
        var hub = await StartHubAsync();
        await ExecuteAsync("INSERT INTO entities (entity_id, state) VALUES ('@keeper@x', 'at p1')");
        await ExecuteAsync("INSERT INTO entity_inbox (entity_id, visible_at, message) VALUES ('@keeper@y', 'infinity', 'at p2')");
        await hub.PutPayloadsAsync(
            [new("p0", "@keeper@x", [0]), new("p1", "@keeper@x", [0]), new("p2", "@keeper@y", [0])]);
        await using var statements = new HubDatabase(Options(), Log);

        var sweeper = new PayloadStore(statements, TimeProvider.System, Log.CreateLogger(""));
        Assert.Equal(1, await sweeper.RunOnceAsync(TimeSpan.Zero, CancellationToken.None));

        Assert.Equal(["p1", "p2"], await ListAsync("SELECT id FROM payloads ORDER BY id"));
    }
}
