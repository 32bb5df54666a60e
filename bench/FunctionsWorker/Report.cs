using System.Globalization;
using System.Text.Json;

namespace Heal.Bench.FunctionsWorker;

/// <summary>One line of the report. What a benchmark does not measure is null.</summary>
/// <param name="PerSecond">How many were done in a second.</param>
/// <param name="Latency">Of one, as its caller saw it.</param>
/// <param name="CpuMicroseconds">Of the server under test, for one.</param>
/// <param name="Note">What else was measured.</param>
internal sealed record Figure(
    string Benchmark, string What, double? PerSecond, Latency? Latency = null, double? CpuMicroseconds = null, string? Note = null);

/// <summary>Prints figures as they come, and keeps them for the file.</summary>
internal sealed class Report(Machine machine, bool quick)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };
    private readonly List<Figure> _figures = [];

    public void PrintHead()
    {
        Console.WriteLine($"{machine.Cpu}, {machine.Cores} cores; {machine.Runtime}; PostgreSQL {machine.PostgreSql}"
            + (quick ? "; QUICK: too short for figures to publish" : ""));
        Console.WriteLine();
        Console.WriteLine(
            $"{"benchmark",-40}{"per s",12}{"p50 ms",9}{"p95 ms",9}{"p99 ms",9}{"CPU us",9}  note (CPU: of the server, for one)");
    }

    public void Add(Figure figure)
    {
        _figures.Add(figure);
        string text = string.Create(CultureInfo.InvariantCulture,
            $"{figure.Benchmark + (figure.What.Length > 0 ? " " + figure.What : ""),-40}{figure.PerSecond,12:N1}"
            + $"{figure.Latency?.P50,9:N2}{figure.Latency?.P95,9:N2}{figure.Latency?.P99,9:N2}"
            + $"{figure.CpuMicroseconds,9:N1}  {figure.Note}");
        Console.WriteLine(text.TrimEnd());
    }

    public async Task SaveAsync(string file)
    {
        await using var stream = File.Create(file);
        await JsonSerializer.SerializeAsync(stream, new { Machine = machine, Quick = quick, Figures = _figures }, Json);
    }
}
