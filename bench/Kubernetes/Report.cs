using System.Globalization;
using System.Text.Json;

namespace Heal.Bench.Kubernetes;

/// <summary>Prints figures as they come, and keeps them for the file.</summary>
internal sealed class Report(Settings settings)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };
    private readonly List<object> _figures = [];

    /// <param name="atMost">The goal, in the same unit; null: there is none.</param>
    public void Add(string name, double value, string unit, string? note = null, double? atMost = null)
    {
        bool? isMet = atMost is { } goal ? value <= goal : null;
        _figures.Add(new { Name = name, Value = value, Unit = unit, Goal = atMost, IsMet = isMet, Note = note });
        var verdict = isMet is null ? "" : string.Create(
            CultureInfo.InvariantCulture, $"goal {atMost:N0}, {(isMet.Value ? "met" : "MISSED")}{(note is null ? "" : "; ")}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-44}{value,14:N2} {unit,-12}{verdict}{note}").TrimEnd());
    }

    public async Task SaveAsync(string file)
    {
        await using var stream = File.Create(file);
        var content = new
        {
            Machine = Environment.ProcessorCount + " cores", Against = settings.Name, settings.Pods, settings.Deployments, settings.Rate,
            settings.Seconds, Figures = _figures,
        };
        await JsonSerializer.SerializeAsync(stream, content, Json);
    }
}
