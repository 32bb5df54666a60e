using System.Diagnostics.Metrics;
using DurableTask.Core.Exceptions;
using Heal.Activities;
using Heal.Functions.Incidents;
using Heal.Healing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Heal.Functions.Tests;

/// <summary>Rounds over what the store holds for unfinished, when one of the items cannot be tended.</summary>
public sealed class TendTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TendMetrics _metrics = new();
    private readonly List<string> _counted = [];
    private readonly MeterListener _listener = new();
    private readonly Hub _hub = new();

    public TendTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == _metrics.Meter)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) => _counted.Add($"{tags[0].Value} {tags[1].Value}"));
        _listener.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public async Task An_incident_that_cannot_be_tended_is_counted_and_the_others_are_tended()
    {
        _hub.Fails["poisoned"] = new InvalidOperationException("it cannot be read");

        await TendAsync(Unreadable("a"), Of("poisoned"), Of("lost"));

        Assert.Equal(["lost"], _hub.Started);
        Assert.Equal(["incident failed", "incident failed", "incident started"], _counted);
    }

    [Fact]
    public async Task A_round_ends_when_the_hub_is_away_for_each_in_a_row_and_not_before()
    {
        foreach (string id in new[] { "a", "b", "d", "e", "f" })
        {
            _hub.Fails[id] = new NpgsqlException("the server is away", new IOException());
        }

        await Assert.ThrowsAsync<NpgsqlException>(() => TendAsync(Of("a"), Of("b"), Of("c"), Of("d"), Of("e"), Of("f"), Of("g")));

        Assert.Equal(["c"], _hub.Started);
    }

    [Theory]
    [InlineData(OrchestrationRuntimeStatus.Running, 60, null)]
    [InlineData(OrchestrationRuntimeStatus.Suspended, 60, null)]
    [InlineData(OrchestrationRuntimeStatus.Failed, 60, "stranded-lost")]
    [InlineData(OrchestrationRuntimeStatus.Terminated, 0, "stranded-lost")]
    [InlineData(null, 60, "lost")]
    [InlineData(null, 0, null)] // opened a moment ago: it may still be on its way to the hub
    public async Task An_incident_that_nobody_works_on_is_closed_or_started_again(
        OrchestrationRuntimeStatus? status, int minutes, string? started)
    {
        _hub.Status["lost"] = status;

        await TendAsync(Of("lost", minutes));

        Assert.Equal(started is null ? [] : [started], _hub.Started);
        Assert.Equal(started is null ? [] : [started == "lost" ? "incident started" : "incident closed"], _counted);
    }

    [Fact]
    public async Task An_incident_that_was_closed_while_its_orchestration_ended_is_left_alone()
    {
        _hub.Status["closed"] = OrchestrationRuntimeStatus.Completed;
        var incidents = new Incidents([Of("closed")]) { AreOpen = false };

        await new TendIncidents(incidents, _metrics, _time, NullLogger<TendIncidents>.Instance)
            .RunAsync(new TimerInfo(), _hub, CancellationToken.None);

        Assert.Empty(_hub.Started);
    }

    [Theory]
    [InlineData(OrchestrationRuntimeStatus.Running, false)]
    [InlineData(OrchestrationRuntimeStatus.Suspended, false)]
    [InlineData(OrchestrationRuntimeStatus.Completed, false)]
    [InlineData(OrchestrationRuntimeStatus.Failed, true)]
    [InlineData(OrchestrationRuntimeStatus.Terminated, true)]
    [InlineData(null, true)]
    public async Task The_end_of_an_effect_is_begun_again_when_nobody_works_on_it(OrchestrationRuntimeStatus? status, bool again)
    {
        var expiries = new Expiries { Rows = { Expiry() } };
        _hub.Status["expire-i-1"] = status;

        await TendAsync(expiries);

        Assert.Equal(again ? ["expire-i-1"] : [], _hub.Started);
        Assert.Equal(again ? ["expiry started"] : [], _counted);
        Assert.Equal(again ? ["restarted i/1"] : status == OrchestrationRuntimeStatus.Completed ? ["i/1 ended as Applied"] : [],
            expiries.Noted);
    }

    [Fact]
    public async Task What_was_registered_a_moment_ago_may_still_be_on_its_way_to_the_hub()
    {
        var expiries = new Expiries { Rows = { Expiry() with { RegisteredAt = _time.GetUtcNow() } } };

        await TendAsync(expiries);

        Assert.Empty(_hub.Started);
    }

    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(4, 3, false)]
    [InlineData(4, 4, true)]
    [InlineData(50, 59, false)]
    [InlineData(50, 60, true)]
    public async Task One_that_is_lost_each_time_is_begun_again_less_and_less_often(int restarts, int minutes, bool again)
    {
        var row = Expiry() with { Restarts = restarts, RestartedAt = _time.GetUtcNow() - TimeSpan.FromMinutes(minutes) };
        _hub.Status["expire-i-1"] = OrchestrationRuntimeStatus.Failed;

        await TendAsync(new Expiries { Rows = { row } });

        Assert.Equal(again ? ["expire-i-1"] : [], _hub.Started);
    }

    [Fact]
    public async Task An_end_that_cannot_be_read_does_not_keep_the_others_back()
    {
        await TendAsync(new Expiries { Rows = { Expiry() with { Request = null, Fault = "no object" }, Expiry() } });

        Assert.Equal(["expire-i-1"], _hub.Started);
        Assert.Equal(["expiry failed", "expiry started"], _counted);
    }

    private Task TendAsync(params IReadOnlyList<UnclosedIncident> rows) => new TendIncidents(
        new Incidents(rows), _metrics, _time, NullLogger<TendIncidents>.Instance).RunAsync(new TimerInfo(), _hub, CancellationToken.None);

    private Task TendAsync(Expiries expiries) => new TendExpiries(
        expiries, _metrics, _time, NullLogger<TendExpiries>.Instance).RunAsync(new TimerInfo(), _hub, CancellationToken.None);

    private static UnclosedIncident Unreadable(string id) => new(id, id, null, "no object");

    private UnclosedIncident Of(string id, int minutes = 60)
    {
        DateTimeOffset opened = _time.GetUtcNow() - TimeSpan.FromMinutes(minutes);
        var target = new TargetReference("test", TargetKinds.Deployment, "shop", id);
        var none = new Dictionary<string, string>();
        var alert = new Alert("KubePodCrashLooping", AlertStatus.Firing, none, none, opened, null, id);
        return new UnclosedIncident(id, target.Key, new IncidentInput(
            id, target, 1, Signal.Of(alert, SignalSource.Webhook, opened), null, new SafetyLimits(), opened));
    }

    private UnendedExpiry Expiry()
    {
        DateTimeOffset now = _time.GetUtcNow();
        var target = new TargetReference("test", TargetKinds.HorizontalPodAutoscaler, "shop", "web");
        return new UnendedExpiry(
            "i/1", new ExpiryRequest("i/1", "i", "patch_hpa_max", target, now.AddHours(1)), null, now.AddHours(-3), 0, null);
    }

    private sealed class Incidents(IReadOnlyList<UnclosedIncident> rows) : IUnclosedIncidents
    {
        public Task<IReadOnlyList<UnclosedIncident>> PageAsync(string afterTarget, int limit, CancellationToken cancellationToken) =>
            Task.FromResult(rows);

        public bool AreOpen { get; init; } = true;

        public Task<bool> IsOpenAsync(string incidentId, CancellationToken cancellationToken) => Task.FromResult(AreOpen);
    }

    private sealed class Expiries : IExpiries
    {
        public List<UnendedExpiry> Rows { get; } = [];

        public List<string> Noted { get; } = [];

        public Task RegisterAsync(ExpiryRequest expiry, DateTimeOffset now, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("nothing is registered by a look");

        public Task<IReadOnlyList<UnendedExpiry>> PageAsync(string afterKey, int limit, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<UnendedExpiry>>(Rows);

        public Task RestartedAsync(string key, DateTimeOffset now, CancellationToken cancellationToken)
        {
            Noted.Add($"restarted {key}");
            return Task.CompletedTask;
        }

        public Task EndedAsync(string key, string outcome, DateTimeOffset now, CancellationToken cancellationToken)
        {
            Noted.Add($"{key} ended as {outcome}");
            return Task.CompletedTask;
        }
    }

    /// <summary>A hub whose instances are as the test says; all others are not there.</summary>
    private sealed class Hub : NoHub
    {
        public Dictionary<string, Exception> Fails { get; } = [];

        public Dictionary<string, OrchestrationRuntimeStatus?> Status { get; } = [];

        public List<string> Started { get; } = [];

        public override Task<OrchestrationMetadata?> GetInstancesAsync(
            string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
        {
            if (Fails.TryGetValue(instanceId, out Exception? failure))
            {
                return Task.FromException<OrchestrationMetadata?>(failure);
            }

            return Task.FromResult(Status.GetValueOrDefault(instanceId) is { } status
                ? new OrchestrationMetadata("any", instanceId)
                {
                    RuntimeStatus = status, SerializedOutput = """{"Key":"i/1","Status":"Applied","Detail":"","Attempts":1}""",
                    DataConverter = Microsoft.DurableTask.Converters.JsonDataConverter.Default,
                }
                : null);
        }

        public override Task<string> ScheduleNewOrchestrationInstanceAsync(
            TaskName orchestratorName, object? input = null, StartOrchestrationOptions? options = null,
            CancellationToken cancellation = default)
        {
            // As a hub does: what is there is begun again only where the caller allows that.
            string id = options!.InstanceId!;
            if (Status.GetValueOrDefault(id) is { } status && options.DedupeStatuses?.Contains(status.ToString()) == true)
            {
                return Task.FromException<string>(new OrchestrationAlreadyExistsException($"'{id}' is {status}"));
            }

            Started.Add(id);
            return Task.FromResult(id);
        }
    }
}
