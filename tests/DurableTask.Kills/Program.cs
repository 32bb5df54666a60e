using System.Globalization;
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
        var outcome = await new ProgramRun(generated, Console.Out).RunAsync();
        return outcome is { Violations.Count: 0 } && outcome.Extra <= outcome.MostExtra && outcome.Kills == generated.Kills ? 0 : 1;
    case ["kill", var orchestrations, var kills, var seed]:
        var plan = new KillPlan(Number(orchestrations), Number(kills), Workers: 3, Number(seed), Durable: true, TimeSpan.FromHours(2));
        var report = await new KillRun(plan, Console.Out).RunAsync();
        return report is { Wrong.Count: 0, Missing.Count: 0 } && report.Extra <= report.MostExtra && report.Kills == plan.Kills ? 0 : 1;
    case ["soak", var minutes]:
        var duration = TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture));
        var warmUp = duration / 3 < TimeSpan.FromMinutes(5) ? duration / 3 : TimeSpan.FromMinutes(5);
        var faults = await new Soak(new SoakPlan(duration, warmUp), Console.Out).RunAsync();
        Console.WriteLine(faults.Count == 0 ? "the soak is clean" : string.Join('\n', faults));
        return faults.Count;
    default:
        Console.Error.WriteLine("Use eng/kill-test.sh or eng/soak.sh.");
        return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
