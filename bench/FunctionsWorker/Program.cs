// Usage: HEAL_TEST_POSTGRES='Host=...' HEAL_TEST_AZURITE='...'
// Heal.Bench.FunctionsWorker [--quick] [--warm-up SECONDS] [--json FILE] [BENCHMARK...]
// ./bench.sh --host in the repository's root sets up both. Without names, all benchmarks run. bench/README.md defines them.
using Heal.Bench.FunctionsWorker;
using Heal.Bench.FunctionsWorker.Apps;
using Heal.Bench.FunctionsWorker.Benchmarks;

if (args is ["child", "kestrel", .. var kestrel])
{
    await KestrelApp.RunAsync(kestrel);
    return 0;
}

if (args is ["child", "functions", .. var functions])
{
    await FunctionsApp.RunAsync(functions);
    return 0;
}

var known = new Dictionary<string, Func<Settings, Report, Task>>(StringComparer.Ordinal)
{
    ["http"] = HttpThroughput.RunAsync,
    ["queue"] = QueueDrain.RunAsync,
    ["start"] = StartToReady.RunAsync,
    ["intake"] = AlertIntake.RunAsync,
    ["first"] = FirstActivity.RunAsync,
    ["users"] = Users.RunAsync,
};

if (Arguments.Read(args, known.Keys, ("--warm-up", "SECONDS")) is not { } asked)
{
    return 2;
}

string? postgres = Environment.GetEnvironmentVariable("HEAL_TEST_POSTGRES");
string? azurite = Environment.GetEnvironmentVariable("HEAL_TEST_AZURITE");
if (string.IsNullOrEmpty(postgres) || string.IsNullOrEmpty(azurite))
{
    Console.Error.WriteLine("Set HEAL_TEST_POSTGRES and HEAL_TEST_AZURITE to connection strings, or run ./bench.sh --host.");
    return 2;
}

var settings = new Settings(postgres, azurite, asked.Quick, asked.Number);
var report = new Report(await Machine.DescribeAsync(postgres), asked.Quick);
report.PrintHead();
foreach (string name in asked.Names)
{
    await known[name](settings, report);
}

if (asked.Json is { } json)
{
    await report.SaveAsync(json);
}

return 0;
