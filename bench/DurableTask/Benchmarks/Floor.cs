using System.Globalization;
using System.Threading.Channels;
using Npgsql;

namespace Heal.Bench.DurableTask.Benchmarks;

/// <summary>
/// The limit to compare with: the six checkpoints of seq5, one after the other, each a row with the events that the engine stores then,
/// from which a program could go on, written straight with Npgsql by one writer that commits whatever waits. No engine: no locks, no
/// recovery, no clients.
/// </summary>
internal static class Floor
{
    private const int MaxGroup = 256;

    /// <summary>What the floor's rows held at first: less than half of what a checkpoint has to say. Kept as a second line.</summary>
    private static readonly string[] Least = [.. Enumerable.Repeat(new string('x', 200), Seq5.Steps + 1)];

    public static async Task RunAsync(Settings settings, Report report)
    {
        await RunAsync(settings, report, "", await ReadCheckpointsAsync(settings.ConnectionString));
        await RunAsync(settings, report, "min", Least);
    }

    /// <summary>The history of an instance of seq5, a row for each turn.</summary>
    private static async Task<string[]> ReadCheckpointsAsync(string connectionString)
    {
        var schema = Engine.NewSchema("floor");
        await using (var engine = await Engine.StartAsync(connectionString, schema))
        {
            await engine.RunAsync(Orchestrations.Sequence, Seq5.Steps);
        }

        var texts = new List<string>();
        await using (var source = NpgsqlDataSource.Create(connectionString))
        await using (var command = source.CreateCommand($"SELECT event FROM {schema}.history ORDER BY seq"))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                texts.Add(reader.GetString(0));
            }
        }

        await Engine.DropAsync(connectionString, schema);
        return [.. texts];
    }

    private static async Task RunAsync(Settings settings, Report report, string what, string[] checkpoints)
    {
        foreach (var concurrency in settings.Concurrencies(Seq5.Concurrencies))
        {
            await using var meter = new CostMeter(settings.ConnectionString);
            var schema = Engine.NewSchema("floor");
            var before = await meter.ReadReportedAsync();
            LoadRun run;
            await using (var writer = await Writer.StartAsync(settings.ConnectionString, schema))
            {
                var next = 0;
                run = await LoadRun.RunAsync(settings, concurrency, meter, async _ =>
                {
                    var id = Interlocked.Increment(ref next).ToString("D32", CultureInfo.InvariantCulture);
                    for (var seq = 0; seq < checkpoints.Length; seq++)
                    {
                        await writer.WriteAsync(id, seq, checkpoints[seq]);
                    }
                });
            }

            report.Add(new Figure("floor", what, concurrency, run.Count, run.Seconds, Latency.Of(run.Milliseconds),
                run.CostsOf(before, await meter.ReadReportedAsync())));
            await Engine.DropAsync(settings.ConnectionString, schema);
        }
    }

    private readonly record struct Checkpoint(string Id, int Seq, string Payload, TaskCompletionSource Done);

    private sealed class Writer(NpgsqlDataSource source, NpgsqlConnection connection, NpgsqlCommand insert) : IAsyncDisposable
    {
        private readonly Channel<Checkpoint> _queue =
            Channel.CreateUnbounded<Checkpoint>(new UnboundedChannelOptions { SingleReader = true });

        private Task _running = Task.CompletedTask;

        public static async Task<Writer> StartAsync(string connectionString, string schema)
        {
            var source = NpgsqlDataSource.Create(connectionString);
            await using (var create = source.CreateCommand(
                $"CREATE SCHEMA {schema}; CREATE TABLE {schema}.checkpoints "
                + "(id text COLLATE \"C\", seq int, payload text, PRIMARY KEY (id, seq))"))
            {
                await create.ExecuteNonQueryAsync();
            }

            var connection = await source.OpenConnectionAsync();
            var insert = new NpgsqlCommand(
                $"INSERT INTO {schema}.checkpoints SELECT * FROM unnest($1::text[], $2::int[], $3::text[])", connection);
            insert.Parameters.Add(new NpgsqlParameter<string[]>());
            insert.Parameters.Add(new NpgsqlParameter<int[]>());
            insert.Parameters.Add(new NpgsqlParameter<string[]>());
            insert.Parameters[0].Value = insert.Parameters[2].Value = Array.Empty<string>();
            insert.Parameters[1].Value = Array.Empty<int>();
            await insert.PrepareAsync();
            var writer = new Writer(source, connection, insert);
            writer._running = Task.Run(writer.RunAsync);
            return writer;
        }

        public Task WriteAsync(string id, int seq, string payload)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _queue.Writer.TryWrite(new Checkpoint(id, seq, payload, done));
            return done.Task;
        }

        public async ValueTask DisposeAsync()
        {
            _queue.Writer.Complete();
            await _running;
            await insert.DisposeAsync();
            await connection.DisposeAsync();
            await source.DisposeAsync();
        }

        private async Task RunAsync()
        {
            var group = new List<Checkpoint>(MaxGroup);
            while (await _queue.Reader.WaitToReadAsync())
            {
                while (group.Count < MaxGroup && _queue.Reader.TryRead(out var next))
                {
                    group.Add(next);
                }

                insert.Parameters[0].Value = group.ConvertAll(row => row.Id).ToArray();
                insert.Parameters[1].Value = group.ConvertAll(row => row.Seq).ToArray();
                insert.Parameters[2].Value = group.ConvertAll(row => row.Payload).ToArray();
                await insert.ExecuteNonQueryAsync();
                group.ForEach(row => row.Done.SetResult());
                group.Clear();
            }
        }
    }
}
