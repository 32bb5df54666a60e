using System.Globalization;
using System.Runtime.InteropServices;
using Heal.DurableTask.Kills.Tests;
using Heal.DurableTask.Kills.Tests.Programs;

// worker CONNECTION                                 a worker process
// programs CONNECTION SEED PROGRAMS LAUNCH           a worker process of generated programs
// kill-programs PROGRAMS KILLS SEED                  the kill test with generated programs
// kill ORCHESTRATIONS KILLS SEED                     the kill test, with default durability
// soak MINUTES                                       the soak; after 5 minutes, or a third, it judges
switch (args)
{
    case ["worker", var connectionString]:
        return await WorkerProgram.RunAsync(connectionString);
    case ["programs", var connectionString, var seed, var programs, var launch]:
        return await new ProgramWorker(connectionString, Number(seed), Number(programs), Number(launch)).RunAsync();
    case ["kill-programs", var programs, var kills, var seed]:
        var generated = KillPlan.ForPrograms(Number(programs), Number(kills), Number(seed)) with { Durable = true };
        return await UntilStoppedAsync(async stop =>
        {
            var report = await new ProgramRun(generated, Console.Out).RunAsync(stop);
            return report is { Violations.Count: 0 } && report.Extra <= report.MostExtra && report.Kills == generated.Kills ? 0 : 1;
        });
    case ["kill", var orchestrations, var kills, var seed]:
        var plan = new KillPlan(Number(orchestrations), Number(kills), Workers: 3, Number(seed), Durable: true, TimeSpan.FromHours(2));
        return await UntilStoppedAsync(async stop =>
        {
            var report = await new KillRun(plan, Console.Out).RunAsync(stop);
            bool isRight = report is { Wrong.Count: 0, Missing.Count: 0, Unexplained.Count: 0 } && report.Extra <= report.MostExtra;
            return isRight && report.Kills == plan.Kills ? 0 : 1;
        });
    case ["soak", var minutes]:
        var duration = TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture));
        var warmUp = Least(TimeSpan.FromMinutes(5), duration / 3);
        return await UntilStoppedAsync(async stop =>
        {
            var soak = new SoakPlan(duration, warmUp);
            soak = soak with { Compared = Least(soak.Compared, (duration - warmUp) / 3) };
            var faults = await new Soak(soak, Console.Out).RunAsync(stop);
            Console.WriteLine(faults.Count == 0 ? "the soak is clean" : string.Join('\n', faults));
            return faults.Count;
        });
    default:
        Console.Error.WriteLine("Use eng/kill-test.sh or eng/soak.sh.");
        return 2;
}

// Who is told to end stops the processes that it started.
static async Task<int> UntilStoppedAsync(Func<CancellationToken, Task<int>> run)
{
    using var stop = new CancellationTokenSource();
    using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    try
    {
        return await run(stop.Token);
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        Console.WriteLine("stopped");
        return 130;
    }

    void Stop(PosixSignalContext signal)
    {
        // The second one ends the process as ever.
        signal.Cancel = !stop.IsCancellationRequested;
        stop.Cancel();
    }
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
