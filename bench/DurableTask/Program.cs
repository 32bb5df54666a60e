// Usage: HEAL_TEST_POSTGRES='Host=...' Heal.Bench.DurableTask [--quick] [--at CONCURRENCY] [--json FILE] [BENCHMARK...]
// ./bench.sh in the repository's root sets up a PostgreSQL for it. Without names, all benchmarks run. bench/README.md defines them.
using Heal.Bench.DurableTask;
using Heal.Bench.DurableTask.Benchmarks;

if (args is ["child", var role, var schema, var settingsText])
{
    return await RecoverChild.RunAsync(role, schema, settingsText);
}

var known = new Dictionary<string, Func<Settings, Report, Task>>(StringComparer.Ordinal)
{
    ["floor"] = Floor.RunAsync,
    ["seq5"] = Seq5.RunAsync,
    ["fan100"] = Fan100.RunAsync,
    ["event"] = ExternalEvent.RunAsync,
    ["timer10k"] = Timers.RunAsync,
    ["long"] = LongOrchestration.RunAsync,
    ["intake"] = Intake.RunAsync,
    ["recover"] = Recover.RunAsync,
    ["million"] = Million.RunAsync,
};

if (Arguments.Read(args, known.Keys, ("--at", "CONCURRENCY")) is not { } asked)
{
    return 2;
}

var connectionString = Environment.GetEnvironmentVariable("HEAL_TEST_POSTGRES");
if (string.IsNullOrEmpty(connectionString))
{
    Console.Error.WriteLine("Set HEAL_TEST_POSTGRES to the connection string of a database that may be filled, or run ./bench.sh.");
    return 2;
}

var settings = new Settings(connectionString, asked.Quick, asked.Number);
var report = new Report(await Machine.DescribeAsync(connectionString), asked.Quick);
report.PrintHead();
foreach (var name in asked.Names)
{
    await known[name](settings, report);
}

report.PrintRatios();
if (asked.Json is { } json)
{
    await report.SaveAsync(json);
}

return 0;
