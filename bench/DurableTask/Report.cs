using System.Globalization;
using System.Text.Json;

namespace Heal.Bench.DurableTask;

/// <summary>One line of the report. What a benchmark does not measure is null.</summary>
/// <param name="Concurrency">How many were in flight at once.</param>
/// <param name="Count">How many were measured.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Latency">Of one, as its caller saw it.</param>
/// <param name="Costs">Of one, on the server and in all processes.</param>
/// <param name="Note">What else was measured.</param>
internal sealed record Figure(
    string Benchmark, string What, int? Concurrency, long Count, double Seconds, Latency? Latency, Costs? Costs, string? Note = null)
{
    public double PerSecond => Count / Seconds;
}

/// <summary>Prints figures as they come, and keeps them for the file.</summary>
internal sealed class Report(Machine machine, bool quick)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };
    private readonly List<Figure> _figures = [];

    public void PrintHead()
    {
        Console.WriteLine($"{machine.Cpu}, {machine.Cores} cores; {machine.Runtime}; PostgreSQL {machine.PostgreSql} "
            + $"({string.Join(", ", machine.Settings.Select(setting => $"{setting.Key}={setting.Value}"))})"
            + (quick ? "; QUICK: too short for figures to publish" : ""));
        Console.WriteLine();
        Console.WriteLine(
            $"{"benchmark",-34}{"conc",5}{"count",8}{"per s",10}{"p50 ms",9}{"p95 ms",9}{"p99 ms",9}"
            + $"{"syncs",8}{"commits",9}{"WAL kB",8}{"CPU ms",8}{"server",8}{"heap kB",9}"
            + "  note (costs: per orchestration)");
    }

    public void Add(Figure figure)
    {
        _figures.Add(figure);
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{figure.Benchmark + (figure.What.Length > 0 ? " " + figure.What : ""),-34}"
            + $"{figure.Concurrency,5}{figure.Count,8}{figure.PerSecond,10:N1}"
            + $"{figure.Latency?.P50,9:N2}{figure.Latency?.P95,9:N2}{figure.Latency?.P99,9:N2}"
            + $"{figure.Costs?.Syncs,8:N3}{figure.Costs?.Commits,9:N3}{figure.Costs?.WalKilobytes,8:N2}"
            + $"{figure.Costs?.CpuMilliseconds,8:N3}{figure.Costs?.ServerCpuMilliseconds,8:N3}"
            + $"{figure.Costs?.AllocatedKilobytes,9:N1}  {figure.Note}");
        Console.WriteLine(text.TrimEnd());
    }

    /// <summary>Sets seq5 beside the floor of the same run.</summary>
    public void PrintRatios()
    {
        Console.WriteLine();
        foreach (var figure in _figures.Where(figure => figure is { Benchmark: "seq5", What: "" }))
        {
            if (figure.Latency is { } latency
                && _figures.Find(other => other is { Benchmark: "floor", What: "" } && other.Concurrency == figure.Concurrency)
                    is { Latency: { } limit } floor)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"seq5 at {figure.Concurrency}: {figure.PerSecond / floor.PerSecond:N2} of the floor's rate, "
                    + $"p50 {latency.P50 / limit.P50:N2} "
                    + $"times the floor's, p99 {latency.P99 / latency.P50:N2} times its own p50"));
            }
        }
    }

    public async Task SaveAsync(string file)
    {
        await using var stream = File.Create(file);
        await JsonSerializer.SerializeAsync(stream, new { Machine = machine, Quick = quick, Figures = _figures }, Json);
    }
}
