using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.DurableTask.Engine.Tests;

public sealed class MetricsInMemory(InMemoryBackend backend) : MetricsTests(backend), IClassFixture<InMemoryBackend>;

public sealed class MetricsOnPostgreSql(PostgreSqlBackend backend) : MetricsTests(backend), IClassFixture<PostgreSqlBackend>;

public abstract class MetricsTests(IHubBackend backend) : EngineSuite(backend)
{
    private static void Tasks(DurableTaskRegistry tasks) => tasks
        .AddOrchestratorFunc("Calls", context => context.CallActivityAsync("Works"))
        .AddOrchestratorFunc("Fails", context => context.CallActivityAsync("Breaks"))
        .AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("go"))
        .AddOrchestratorFunc<bool>("Goes on", (context, goesOn) =>
        {
            if (goesOn)
            {
                context.ContinueAsNew(false);
            }
        })
        .AddActivityFunc("Works", _ => { })
        .AddActivityFunc("Breaks", _ => throw new IOException("wanted"))
        .AddEntity<Door>();

    [Fact]
    public async Task What_begins_and_ends_is_counted_once()
    {
        using var metrics = new Listener();
        await using EngineHost engine = await StartAsync(
            Tasks,
            options => options.EnableEntitySupport = true,
            services: services => services
                .AddSingleton<IMeterFactory>(metrics)
                .ConfigureAll<DurableTaskClientOptions>(static client => client.EnableEntitySupport = true));
        await engine.RunAsync("Calls");
        await engine.RunAsync("Fails");
        await engine.RunAsync("Goes on", true);
        string waiting = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.WaitForInstanceStartAsync(waiting);
        await engine.Client.TerminateInstanceAsync(waiting);
        await engine.WaitAsync(waiting);
        var door = new EntityInstanceId("Door", "front");
        await engine.Client.Entities.SignalEntityAsync(door, "Open");
        await engine.Client.Entities.SignalEntityAsync(door, "Slam");
        await metrics.UntilAsync("durabletask.entity.operations", 2);

        Assert.Equal(
            [
                "durabletask.activities.ended name=Breaks outcome=failed: 1",
                "durabletask.activities.ended name=Works outcome=completed: 1",
                "durabletask.entity.operations name=door operation=Open outcome=completed: 1",
                "durabletask.entity.operations name=door operation=Slam outcome=failed: 1",
                "durabletask.orchestrations.ended name=Calls status=completed: 1",
                "durabletask.orchestrations.ended name=Fails status=failed: 1",
                "durabletask.orchestrations.ended name=Goes on status=completed: 1",
                "durabletask.orchestrations.ended name=Goes on status=continued_as_new: 1",
                "durabletask.orchestrations.ended name=Waits status=terminated: 1",
                "durabletask.orchestrations.started name=Calls: 1",
                "durabletask.orchestrations.started name=Fails: 1",
                "durabletask.orchestrations.started name=Goes on: 2",
                "durabletask.orchestrations.started name=Waits: 1",
            ],
            metrics.Sums());
        Assert.Equal(5, metrics.Durations("durabletask.orchestration.duration").Count());
        Assert.All(metrics.Durations("durabletask.orchestration.duration"), static seconds => Assert.InRange(seconds, 0, 60));
        Assert.Equal(2, metrics.Durations("durabletask.activity.duration").Count());
    }

    private sealed class Door : TaskEntity<int>
    {
        public void Open() => State++;

        public static void Slam() => throw new IOException("wanted");
    }

    /// <summary>The meters of one worker, heard.</summary>
    private sealed class Listener : IMeterFactory
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentQueue<(string Name, string Tags, long Value)> _counted = new();
        private readonly ConcurrentQueue<(string Name, double Value)> _measured = new();

        public Listener()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == this)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            {
                string text = string.Concat(tags.ToArray().Select(static tag => $" {tag.Key}={tag.Value}"));
                _counted.Enqueue((instrument.Name, text, value));
            });
            _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => _measured.Enqueue((instrument.Name, value)));
            _listener.Start();
        }

        public Meter Create(MeterOptions options) => new(options.Name, options.Version, options.Tags, scope: this);

        public IEnumerable<string> Sums() => _counted
            .GroupBy(static counted => counted.Name + counted.Tags, StringComparer.Ordinal)
            .OrderBy(static same => same.Key, StringComparer.Ordinal)
            .Select(static same => $"{same.Key}: {same.Sum(static counted => counted.Value)}");

        public IEnumerable<double> Durations(string name) =>
            _measured.Where(measured => measured.Name == name).Select(static measured => measured.Value);

        public async Task UntilAsync(string name, long sum)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (_counted.Where(counted => counted.Name == name).Sum(static counted => counted.Value) < sum)
            {
                await Task.Delay(20, limit.Token);
            }
        }

        public void Dispose() => _listener.Dispose();
    }
}
