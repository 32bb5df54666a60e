using DurableTask.Core.Hub;
using Heal.DurableTask.Simulation.Tests.Checks;
using Heal.DurableTask.Simulation.Tests.Faults;
using Heal.DurableTask.Simulation.Tests.World;
using Heal.Shared.Tests.Programs;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Worker;
using Microsoft.DurableTask.Worker.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Heal.DurableTask.Simulation.Tests;

/// <summary>A place where a worker runs: the process in it is killed, paused, restarted, and always replaced.</summary>
/// <param name="register">Names the tasks to run, for a worker with a time of its own.</param>
/// <param name="connect">A hub object for a process.</param>
internal sealed class WorkerSite(
    SimWorld world,
    int number,
    Settings settings,
    Scenario scenario,
    Action<DurableTaskRegistry, TimeProvider> register,
    FaultSource faults,
    Audit audit,
    Func<SimProcess, ITaskHub> connect,
    StayingClaims claims)
{
    private readonly SimClock _clock = new(world);
    private SimProcess? _process;
    private Func<Task>? _stop;
    private int _starts;

    public SimClock Clock => _clock;

    /// <summary>Starts a process; whenever it is gone, another one follows.</summary>
    public void Start()
    {
        var process = new SimProcess(world, $"worker{number}.{++_starts}", number) { IsWorker = true };
        process.Killed = () =>
        {
            claims.Free(process);
            StartLater();
        };
        _process = process;
        world.Trace.Write($"{process.Name} starts");
        Launch(process);
    }

    /// <summary>What may happen to a process before any of its steps.</summary>
    public void BeforeStep(SimProcess process)
    {
        if (process != _process || process.IsPaused)
        {
            return;
        }

        if (faults.Kill(faults.Plan.KillAtStep))
        {
            process.Kill();
        }
        else if (faults.Disrupts(faults.Plan.Pause))
        {
            process.Pause();
            world.After(world.Between(TimeSpan.Zero, settings.Lease * 3), process.Continue);
        }
        else if (_stop is { } stop && faults.Disrupts(faults.Plan.Restart))
        {
            _stop = null;
            world.Trace.Write($"{process.Name} is asked to stop");
            _ = process.Start(stop);
        }
    }

    private void StartLater() => world.After(world.Between(TimeSpan.Zero, settings.Lease * 2), Start);

    private void Launch(SimProcess process)
    {
        var time = new SimTime(process, _clock);
        var hub = new FaultyHub(connect(process), process, time, faults, audit, claims);
        var services = new ServiceCollection().AddSingleton<TimeProvider>(time);
        services.AddDurableTaskWorker(worker => worker
            .AddTasks(tasks => register(tasks, time))
            .Configure(options =>
            {
                options.EnableEntitySupport = true;
                options.MaximumTimerInterval = settings.MaximumTimerInterval;
                options.Concurrency.MaximumConcurrentOrchestrationWorkItems = settings.ConcurrentOrchestrations;
                options.Concurrency.MaximumConcurrentActivityWorkItems = settings.ConcurrentActivities;
            })
            .UseTaskHub(_ => hub, options =>
            {
                options.WorkItemLockTimeout = settings.Lease;
                options.ExtendedSessions = settings.ExtendedSessions;
                options.MaximumCachedInstances = settings.CachedInstances;
                options.WorkScheduler = process;
                if (settings.ActivityPlaces is { } activityPlaces)
                {
                    options.ConcurrencyLimits.Activities[scenario.WorkName] = activityPlaces;
                }

                if (settings.OrchestrationPlaces is { } orchestrationPlaces)
                {
                    options.ConcurrencyLimits.Orchestrations[Interpreter.TalkerName] = orchestrationPlaces;
                }

                // Workers die here of the run's own doing, not of their work: nothing is to be given up for it.
                options.MaximumLostAttempts = 1_000_000;
            }));
        var worker = services.BuildServiceProvider().GetServices<IHostedService>().OfType<TaskHubWorker>().Single();
        var stopping = new CancellationTokenSource();
        var running = process.Start(() => worker.RunAsync(stopping.Token));
        _stop = async () =>
        {
            worker.BeginStop();
            stopping.Cancel();
            await running;
            await worker.DrainAsync(CancellationToken.None);
            process.Kill();
        };
    }
}
