using System.Globalization;
using Newtonsoft.Json.Linq;

namespace Heal.Healing;

/// <summary>The rules that a JSON schema cannot say: within one definition, and between definitions.</summary>
internal static class WorkflowRules
{
    public static IEnumerable<(string Path, string Message)> Check(
        WorkflowDefinition definition, JObject root, IReadOnlyList<ActionDescriptor> actions)
    {
        foreach (var path in root.Descendants().OfType<JValue>()
            .Where(value => IsDuration(value) && !Duration.TryParse((string?)value, out _)).Select(value => value.Path))
        {
            yield return (path, "expected a duration of at most 30 days, such as 30s, 5m or 1h30m");
        }

        if (definition.AlertProves is { } claim && !Causes.All.Contains(claim))
        {
            yield return ("alertProves", $"expected one of {string.Join(", ", Causes.All)}, got '{claim}'");
        }

        if (definition.Approval.Timeout <= TimeSpan.Zero) yield return (
            "approval.timeout", "expected more than no time: nobody could answer");
        var used = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < definition.Actions.Count; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"actions[{i}]");
            if (!used.Add(definition.Actions[i].Id)) yield return (
                $"{path}.id", $"'{definition.Actions[i].Id}' is listed twice; an action is tried once per incident");
            foreach (var fault in CheckAction(definition, definition.Actions[i], path, actions)) yield return fault;
        }
    }

    /// <summary>Names used twice, and alerts served twice. A label that both demand with different values keeps two workflows
    /// apart.</summary>
    public static IEnumerable<WorkflowFault> CheckTogether(IReadOnlyList<WorkflowFile> files)
    {
        var valid = files.Where(file => file.Definition is not null).ToList();
        for (var i = 0; i < valid.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var (mine, theirs) = (valid[i].Definition!, valid[j].Definition!);
                if (mine.Name == theirs.Name) yield return valid[i].Document!.Fault(
                    "name", $"'{mine.Name}' is the name of {valid[j].File} already");
                foreach (var (index, alert) in SharedAlerts(mine, theirs))
                {
                    var path = string.Create(CultureInfo.InvariantCulture, $"alerts[{index}]");
                    yield return valid[i].Document!.Fault(
                        path, $"alert '{alert}' is served by {valid[j].File} already; one alert has one workflow");
                }
            }
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckAction(
        WorkflowDefinition definition, WorkflowAction action, string path, IReadOnlyList<ActionDescriptor> actions)
    {
        for (var i = 0; i < action.Causes.Count; i++)
        {
            if (!Causes.All.Contains(action.Causes[i]))
            {
                yield return (string.Create(CultureInfo.InvariantCulture, $"{path}.causes[{i}]"),
                    $"expected one of {string.Join(", ", Causes.All)}, got '{action.Causes[i]}'");
            }
        }

        if (action.Timeout <= TimeSpan.Zero) yield return (
            $"{path}.timeout", "expected a timeout: without one the incident could wait for ever");
        if (actions.FirstOrDefault(candidate => candidate.Id == action.Id) is not { } descriptor)
        {
            yield return ($"{path}.id", $"expected one of {string.Join(", ", actions.Select(a => a.Id))}, got '{action.Id}'");
            yield break;
        }

        if (descriptor.Risk > definition.Limits.MaxRisk) yield return ($"{path}.id",
            $"'{action.Id}' has risk {descriptor.Risk}, above limits.maxRisk {definition.Limits.MaxRisk}: it could never run");
        if (descriptor.Risk >= RiskClass.R2 && action.Verification is null) yield return (
            $"{path}.verification", $"expected a verification: '{action.Id}' has risk {descriptor.Risk}");
        if (descriptor.Risk >= RiskClass.R2 && descriptor.Inverse is null && definition.Approval.From is not { } from) yield return (
            "approval.from", $"expected a risk class: '{action.Id}' cannot be undone, so a person must approve it");
        foreach (var (name, fault) in ActionParameters.Check(descriptor, action.Parameters)) yield return (
            $"{path}.parameters.{name}", fault);
        if (action.Verification is { } verification && verification.Timeout <= verification.StableFor)
        {
            yield return ($"{path}.verification.timeout", "expected more than stableFor: success could never be seen");
        }

        if (action.Verification is { PollEvery.Ticks: <= 0 }) yield return ($"{path}.verification.pollEvery", "expected at least 1s");
    }

    private static IEnumerable<(int Index, string Alert)> SharedAlerts(WorkflowDefinition mine, WorkflowDefinition theirs) =>
        from item in mine.Alerts.Select((alert, index) => (Alert: alert, Index: index))
        from other in theirs.Alerts
        where !item.Alert.Labels.Any(label => other.Labels.TryGetValue(label.Key, out var value) && value != label.Value)
        from name in Names(item.Alert).Intersect(Names(other), StringComparer.Ordinal)
        select (item.Index, name);

    private static IEnumerable<string> Names(AlertMatcher alert) => alert.Aliases.Prepend(alert.Name);

    private static bool IsDuration(JValue value) =>
        value.Parent is JProperty { Name: "timeout" or "stableFor" or "pollEvery" or "coolDown" } && value.Type == JTokenType.String;
}
