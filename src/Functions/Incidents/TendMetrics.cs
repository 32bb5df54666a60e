using System.Diagnostics.Metrics;

namespace Heal.Functions.Incidents;

/// <summary>What is done about orchestrations that ended before their work: meter <c>Heal.Tend</c>.</summary>
internal sealed class TendMetrics : IDisposable
{
    private readonly Counter<long> _tended;

    public TendMetrics() => _tended = Meter.CreateCounter<long>(
        "heal.tend.orchestrations", "{orchestration}",
        "Incidents and ends of effects that nobody worked on, by what was done: started, closed, or failed when that could not be done.");

    public Meter Meter { get; } = new("Heal.Tend");

    /// <param name="kind">"incident" or "expiry".</param>
    public void Tended(string kind, string result) => _tended.Add(
        1, new KeyValuePair<string, object?>("kind", kind), new KeyValuePair<string, object?>("result", result));

    public void Dispose() => Meter.Dispose();
}
