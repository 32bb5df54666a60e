using System.Globalization;
using System.Text;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Writes the list of actions in <c>docs/kubernetes.md</c> from what they declare.</summary>
internal static class ActionReference
{
    public const string Begin = "<!-- actions: written by eng/actions.sh from the code -->";
    public const string End = "<!-- end of actions -->";

    public static string Write(IReadOnlyList<ActionDescriptor> actions)
    {
        var text = new StringBuilder();
        text.Append("| Action | Risk | Acts on | Undone by | Time limit |\n|---|---|---|---|---|\n");
        foreach (var action in Ordered(actions))
        {
            text.Append($"| [`{action.Id}`](#{action.Id}) | {action.Risk} | {string.Join(", ", action.TargetKinds)} | {Inverse(action)} | "
                + $"{(action.TimeLimit is null ? "-" : Limit(action))} |\n");
        }

        foreach (var action in Ordered(actions)) Write(text, action);
        return text.ToString();
    }

    private static void Write(StringBuilder text, ActionDescriptor action)
    {
        text.Append($"\n### {action.Id}\n\n");
        if (action.Summary.Length > 0) text.Append($"{action.Summary}\n\n");
        text.Append($"- **Risk** {action.Risk}. **Acts on** {string.Join(", ", action.TargetKinds)}. ");
        text.Append($"**Remedies** {string.Join(", ", action.Causes)}.\n");
        text.Append($"- **Precondition, proven on the live target.** {action.Precondition}\n");
        text.Append($"- **Effect check**, within {Words(action.EffectWithin)}. {action.EffectCheck}\n");
        text.Append($"- **Undone by** {Inverse(action)}.");
        if (action.SettledBy is not null)
        {
            text.Append($" After `{action.TimeLimit}` ({Limit(action)}) `{action.SettledBy}` comes by itself, and nothing undoes it any ")
                .Append("more.");
        }
        else if (action.TimeLimit is not null)
        {
            text.Append(action.EndsWithNeed
                ? $" It comes by itself once the incident is healed and nothing needs the effect, at the latest after `{action.TimeLimit}`"
                : $" It comes by itself after `{action.TimeLimit}`").Append($" ({Limit(action)}).");
        }

        if (action.Repeats)
        {
            text.Append("\n- **Taken again** in the same incident while it had no effect, as often as the workflow may act.");
        }

        if (action.LeavesFault)
        {
            text.Append("\n- **Leaves the fault to people.** It keeps it from doing more harm; the incident ends as escalated.");
        }

        text.Append("\n- **Permissions.** ");
        text.Append(action.Permissions.Count == 0 ? "None in the cluster" : string.Join("; ", action.Permissions.Select(rule =>
            $"`{(rule.ApiGroup.Length == 0 ? rule.Resource : $"{rule.Resource}.{rule.ApiGroup}")}` {string.Join(", ", rule.Verbs)}")));
        text.Append(".\n");
        if (action.Parameters.Count == 0)
        {
            text.Append("- **Parameters.** None.\n");
            return;
        }

        text.Append("\n| Parameter | Form | Default | Range | Meaning |\n|---|---|---|---|---|\n");
        foreach (var parameter in action.Parameters)
        {
            var range = parameter.Minimum is null && parameter.Maximum is null ? "-" : $"{parameter.Minimum} to {parameter.Maximum}";
            var standard = parameter.Default.Length == 0 ? "-" : $"`{parameter.Default}`";
            text.Append($"| `{parameter.Name}` | {Form(parameter.Kind)} | {standard} | {range} | {parameter.Meaning} |\n");
        }
    }

    private static IEnumerable<ActionDescriptor> Ordered(IReadOnlyList<ActionDescriptor> actions) =>
        actions.OrderBy(action => action.Id, StringComparer.Ordinal);

    private static string Inverse(ActionDescriptor action) =>
        action.Inverse is null ? "nothing" : $"`{action.Inverse}`";

    private static string Limit(ActionDescriptor action) =>
        $"`{action.Parameters.First(parameter => parameter.Name == action.TimeLimit).Default}`";

    private static string Form(ParameterKind kind) => kind switch
    {
        ParameterKind.Duration => "duration",
        ParameterKind.Number => "whole number",
        ParameterKind.Quantity => "amount",
        ParameterKind.Flag => "true, false",
        _ => "text",
    };

    private static string Words(TimeSpan time) => time.TotalMinutes >= 1 && time.Seconds == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s");
}
