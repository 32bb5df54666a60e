using System.Globalization;
using System.Text.Json;

namespace Heal.Bench.Kubernetes;

/// <summary>Prints figures as they come, and keeps them for the file.</summary>
internal sealed class Report(Settings settings)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };
    private readonly List<object> _figures = [];

    public void Add(string name, double value, string unit, string? note = null)
    {
        _figures.Add(new { Name = name, Value = value, Unit = unit, Note = note });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-44}{value,14:N2} {unit,-12}{note}").TrimEnd());
    }

    public async Task SaveAsync(string file)
    {
        await using var stream = File.Create(file);
        var content = new { Machine = Environment.ProcessorCount + " cores", Against = settings.Name, settings.Pods, Figures = _figures };
        await JsonSerializer.SerializeAsync(stream, content, Json);
    }
}
