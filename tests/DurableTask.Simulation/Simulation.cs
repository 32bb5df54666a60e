using DurableTask.Core;
using DurableTask.Core.Hub;
using Heal.DurableTask.Simulation.Tests.Checks;
using Heal.DurableTask.Simulation.Tests.Faults;
using Heal.DurableTask.Simulation.Tests.World;
using Heal.Shared.Tests.Programs;
using Heal.Shared.Tests.Programs.Checks;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.InMemory;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.DurableTask.Simulation.Tests;

/// <summary>What a run was like.</summary>
/// <param name="TraceHash">Equal for every run of the seed.</param>
internal sealed record RunReport(int Seed, ulong TraceHash, int Steps, int Turns, int Instances, int Kills, int Disruptions);

/// <summary>One run: the production engine over the in-memory hub, on one thread, all chance from one seed.</summary>
internal sealed class Simulation
{
    // The longest program seen took 8.5 million: four days of nested timers.
    private const int StepsAfterCalm = 20_000_000;

    // An hour, for the default lease.
    private const int LeasesPerClockJump = 120;
    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(20);

    private readonly int _seed;
    private readonly SimWorld _world;
    private readonly InMemoryStorage _storage = new();
    private readonly Repairs _repairs = new();
    private readonly Audit _audit;
    private readonly FaultSource _faults;
    private readonly Settings _settings;
    private readonly Scenario _scenario;
    private readonly SimClock _hubClock;
    private readonly StayingClaims _claims;
    private readonly Dictionary<(string InstanceId, Job Job), int> _runs = [];
    private readonly List<WorkerSite> _sites = [];
    private readonly Func<ITaskHub, InMemoryStorage, ITaskHub> _defect;

    private Simulation(int seed, Func<ITaskHub, InMemoryStorage, ITaskHub>? defect, TextWriter? readable)
    {
        _seed = seed;
        var trace = new Trace(readable);
        _world = new SimWorld(seed, trace);
        trace.UseClock(() => _world.Now);
        _defect = defect ?? ((hub, _) => hub);
        _settings = Settings.Draw(_world.Chance);
        _faults = new FaultSource(_world, FaultPlan.Draw(_world.Chance, _settings.Lease));
        _scenario = new Generator(_world.Chance, _settings.Lease / 10, again: true).Draw();
        _hubClock = new SimClock(_world);
        _claims = new StayingClaims(_storage, () => _hubClock.Now);
        var checks = new EndChecks(_scenario, _settings, _storage, _repairs);
        _audit = new Audit(
            _storage,
            (instance, life) => checks.Run(instance, life, _audit!),
            new PlaceChecks(_scenario, _settings, _storage, () => _hubClock.Now));
    }

    /// <summary>Runs a seed to its end and checks all that must hold then.</summary>
    /// <param name="defect">Wraps each process's hub in one that does something wrong: to see that the run notices.</param>
    /// <param name="readable">Where to write what happens; null to only hash it.</param>
    /// <exception cref="Violation">An invariant does not hold.</exception>
    public static RunReport Run(int seed, Func<ITaskHub, InMemoryStorage, ITaskHub>? defect = null, TextWriter? readable = null) =>
        new Simulation(seed, defect, readable).Run();

    private RunReport Run()
    {
        _world.Trace.Explain(() => $"{_settings}\n{_faults.Plan}\n{string.Join('\n', _scenario.Roots)}");
        for (int i = 0; i < _settings.Workers; i++)
        {
            var site = new WorkerSite(_world, i, _settings, _scenario, RegisterTasks, _faults, _audit, Connect, _claims);
            _sites.Add(site);
            site.Start();
        }

        _world.BeforeStep = BeforeStep;
        var driving = StartDriver();
        string? stuck = _world.Run(() => driving.IsCompleted || _audit.Objection is not null, OutOfBudget);
        if (_audit.Objection is { } objection)
        {
            throw objection;
        }

        if (stuck is not null)
        {
            throw new Violation("everything comes to its end", $"{stuck}:\n{Unended()}");
        }

        driving.GetAwaiter().GetResult();
        new RunChecks(_scenario, _storage, _audit.Lives, _runs, _faults.Disruptions).Run();
        return new RunReport(
            _seed, _world.Trace.Hash, _world.Steps, _audit.Turns, _audit.Lives.All.Count, _faults.Kills, _faults.Disruptions);
    }

    /// <summary>What the workers run: a side effect is a number here, and a test may look into the hub without faults.</summary>
    private void RegisterTasks(DurableTaskRegistry tasks, TimeProvider time)
    {
        var stored = new InMemoryTaskHub(TimeProvider.System, _storage);
        new Interpreter(_scenario).Register(tasks);
        Interpreter.RegisterCommon(tasks);
        new Activities(_scenario, CountAsync, id => stored.GetHistoryAsync(id), time, _repairs.IsRepaired).Register(tasks);
    }

    private Task CountAsync(string instanceId, Job job)
    {
        _runs[(instanceId, job)] = _runs.GetValueOrDefault((instanceId, job)) + 1;
        return Task.CompletedTask;
    }

    private ITaskHub Connect(SimProcess process)
    {
        var hub = new InMemoryTaskHub(new SimTime(process, _hubClock), _storage);
        return _defect(_settings.ClaimsStay ? _claims.Around(hub, process) : hub, _storage);
    }

    private Task StartDriver()
    {
        var process = new SimProcess(_world, "client", _settings.Workers);
        var time = new SimTime(process, new SimClock(_world));
        var hub = new FaultyHub(Connect(process), process, time, _faults, _audit, _claims);
        var services = new ServiceCollection().AddSingleton<TimeProvider>(time).AddLogging();
        services.AddDurableTaskClient(client => client
            .UseTaskHub(_ => hub, options =>
            {
                options.NewGuid = _ => NewGuid();

                // It takes a worker to end what is to be replaced, and they die here.
                options.ReplaceTimeout = LongestRun;
            })
            .RegisterDirectly());
        var client = services.BuildServiceProvider().GetRequiredService<DurableTaskClient>();
        var access = new SimAccess(
            client, _storage, _audit.Lives, () => Task.Delay(_settings.Lease / 5 * _world.Chance.NextDouble(), time));
        var driver = new SimDriver(access, _scenario, _repairs, _audit.Lives, _storage, _world, time, _settings.Lease / 5);
        return process.Start(driver.RunAsync);
    }

    private Guid NewGuid()
    {
        byte[] bytes = new byte[16];
        _world.Chance.NextBytes(bytes);
        return new Guid(bytes);
    }

    private void BeforeStep(SimProcess process)
    {
        if (process.IsWorker)
        {
            _sites[process.Number].BeforeStep(process);
        }

        if (_faults.Disrupts(_faults.Plan.Stall))
        {
            _world.Trace.Write("all stand still");
            _world.Stall(_world.Between(TimeSpan.Zero, _settings.Lease * 2));
        }

        if (_faults.ClockJumps())
        {
            int whose = _world.Chance.Next(_sites.Count + 1);
            bool isHub = whose == _sites.Count;
            var clock = isHub ? _hubClock : _sites[whose].Clock;

            // Set back, the hub's clock changes the order of events that wait for one instance: the model cannot say what comes of that.
            var jump = _settings.Lease * LeasesPerClockJump;
            clock.Offset += isHub || _world.Chance.Next(2) == 0 ? jump : -jump;
            _world.Trace.Write($"clock {whose} is set to {clock.Offset}");
        }
    }

    private string? OutOfBudget() =>
        _world.Steps > _faults.Plan.CalmAfter + StepsAfterCalm ? "too many steps"
        : _world.Now > LongestRun.Ticks ? "too much time"
        : null;

    private string Unended() => string.Join('\n', _storage.Instances.Values
        .Where(instance => !instance.State.Status.IsTerminal())
        .Select(instance =>
            $"'{instance.State.InstanceId}' is {instance.State.Status}, locked by {instance.LockedBy} until {instance.LockedUntil:T}, "
            + $"{instance.Inbox.Count} messages"));
}
