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

var quick = false;
string? json = null;
int? at = null;
var names = new List<string>();
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--quick":
            quick = true;
            break;
        case "--at" when i + 1 < args.Length && int.TryParse(args[i + 1], out var one) && one > 0:
            at = one;
            i++;
            break;
        case "--json" when i + 1 < args.Length:
            json = args[++i];
            break;
        case var name when known.ContainsKey(name):
            names.Add(name);
            break;
        default:
            Console.Error.WriteLine(
                $"Unknown benchmark or option '{args[i]}'. Known: --quick, --at CONCURRENCY, --json FILE, "
                + $"{string.Join(", ", known.Keys)}.");
            return 2;
    }
}

var connectionString = Environment.GetEnvironmentVariable("HEAL_TEST_POSTGRES");
if (string.IsNullOrEmpty(connectionString))
{
    Console.Error.WriteLine("Set HEAL_TEST_POSTGRES to the connection string of a database that may be filled, or run ./bench.sh.");
    return 2;
}

var settings = new Settings(connectionString, quick, at);
var report = new Report(await Machine.DescribeAsync(connectionString), quick);
report.PrintHead();
foreach (var name in names.Count > 0 ? names : [.. known.Keys])
{
    await known[name](settings, report);
}

report.PrintRatios();
if (json is not null)
{
    await report.SaveAsync(json);
}

return 0;
