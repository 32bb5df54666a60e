using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <param name="NotReady">Its backends, none of which is ready.</param>
internal sealed record UnreadyService(string Name, int NotReady);

/// <summary>
/// Which Services without a ready backend the pods name: in what they wrote, in their variables, commands and arguments. What stands in
/// ConfigMaps and Secrets is not read.
/// </summary>
internal static class DependencyFacts
{
    public static IReadOnlyList<DependencyEvidence> Of(
        JsonObject? template, IReadOnlyList<LogEvidence> logs, IReadOnlyList<UnreadyService> unready, string ns) =>
    [
        .. unready.Select(service => Of(service, template, logs, ns)).OfType<DependencyEvidence>()
            .OrderBy(found => !found.Complained).Take(EvidenceLimits.RelatedPerKind),
    ];

    private static DependencyEvidence? Of(UnreadyService service, JsonObject? template, IReadOnlyList<LogEvidence> logs, string ns)
    {
        var id = $"dependency/{service.Name}";
        if (logs.FirstOrDefault(log => log.Lines.Any(line => ServiceNames.IsMissed(line, service.Name, ns))) is { } log)
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
