using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>A Service beside the target.</summary>
/// <param name="NotReady">Its backends that are not ready.</param>
/// <param name="Ready">The pods that are its ready backends; null for each that is something else.</param>
internal sealed record OtherService(string Name, int NotReady, IReadOnlyList<string?> Ready);

/// <summary>
/// Which Services without a ready backend the pods name: in what they wrote, in their variables, commands and arguments. What stands in
/// ConfigMaps and Secrets is not read. And since when those are back that the pods wrote of and that have backends again.
/// </summary>
internal static class DependencyFacts
{
    /// <summary>Services and backends of each that are asked about: whoever has more was hardly away as a whole.</summary>
    private const int MostBack = 4;

    public static IReadOnlyList<DependencyEvidence> Of(
        JsonObject? template, IReadOnlyList<LogEvidence> logs, IReadOnlyList<OtherService> services, string ns) =>
    [
        .. services.Where(service => service.Ready.Count == 0).Select(service => Of(service, template, logs, ns))
            .OfType<DependencyEvidence>().OrderBy(found => !found.Complained).Take(EvidenceLimits.RelatedPerKind),
    ];

    /// <summary>
    /// Since when all is back that the logs say was not reached: the first of a Service's backends to be ready says that of it. Null when
    /// nothing was missed, or when that cannot be told.
    /// </summary>
    public static async Task<DateTimeOffset?> BackSinceAsync(
        PartReader reader, IReadOnlyList<LogEvidence> logs, IReadOnlyList<OtherService> services, string ns)
    {
        var missed = services.Where(service => service.Ready.Count is > 0 and <= MostBack && Complaint(service, logs, ns) is not null);
        var since = await Task.WhenAll(missed.Take(MostBack).Select(async service =>
        {
            var pods = await Task.WhenAll(service.Ready.OfType<string>().Select(name =>
                reader.GetAsync<Pod>($"backend {name} of Service '{service.Name}'", ResourceKind.Of<Pod>(), ns, name)));
            var ready = pods.Select(pod => pod.Value?.Status?.Condition("Ready")).ToList();
            return ready.Count == service.Ready.Count && ready.TrueForAll(condition => condition?.IsTrue == true)
                ? ready.Min(condition => condition!.LastTransitionTime) : null;
        }));
        return since.Max();
    }

    private static LogEvidence? Complaint(OtherService service, IReadOnlyList<LogEvidence> logs, string ns) =>
        logs.FirstOrDefault(log => log.Lines.Any(line => ServiceNames.IsMissed(line, service.Name, ns)));

    private static DependencyEvidence? Of(OtherService service, JsonObject? template, IReadOnlyList<LogEvidence> logs, string ns)
    {
        var id = $"dependency/{service.Name}";
        if (Complaint(service, logs, ns) is { } log)
        {
            var when = log.Previous ? " (previous run)" : "";
            return new DependencyEvidence(
                id, service.Name, service.NotReady, $"log of {log.Pod}/{log.Container}{when} says that it was not reached", true);
        }

        var named = Texts(template).FirstOrDefault(text => ServiceNames.IsNamed(text.Text, service.Name, ns)).Where;
        return named is null ? null : new DependencyEvidence(id, service.Name, service.NotReady, named, false);
    }

    private static IEnumerable<(string Where, string Text)> Texts(JsonObject? template)
    {
        foreach (var container in Items(template?["spec"], "containers").Concat(Items(template?["spec"], "initContainers")))
        {
            var of = string.Create(CultureInfo.InvariantCulture, $"of container '{container["name"]}'");
            foreach (var variable in Items(container, "env").OfType<JsonObject>())
            {
                if (variable["value"]?.ToString() is { } value) yield return ($"variable {variable["name"]} {of}", value);
            }

            foreach (var part in Items(container, "command")) yield return ($"command {of}", part.ToString());
            foreach (var part in Items(container, "args")) yield return ($"arguments {of}", part.ToString());
        }
    }

    // What a custom kind calls its template may have another shape.
    private static IEnumerable<JsonNode> Items(JsonNode? parent, string name) =>
        (parent as JsonObject)?[name] is JsonArray items ? items.OfType<JsonNode>() : [];
}
