using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// How far the healer may go with a target: the mark on the workload, else on its namespace, else the configuration; never further than
/// Observe while somebody works on it. What cannot be read counts as Observe: nobody meant to allow more by a typing error.
/// </summary>
internal sealed class AutonomyReader(IKubernetesClient client, IOptionsMonitor<HealOptions> options, TimeProvider time)
{
    /// <param name="chain">The target, then what it belongs to, the nearest first; empty when it is not there.</param>
    public async Task<AutonomySetting> ReadAsync(
        IReadOnlyList<KubernetesObject> chain, string ns, CancellationToken cancellationToken)
    {
        var (scope, refused) = ns.Length > 0 ? await ReadNamespaceAsync(ns, cancellationToken) : (null, false);
        var said = chain.Select(item => Mark(item, KindOf(item))).FirstOrDefault(mark => mark is not null)
            ?? (scope is null ? null : Mark(scope, "Namespace"))
            ?? (refused ? new AutonomySetting(Autonomy.Observe, $"namespace '{ns}' may not be read, so that it cannot say more") : null)
            ?? Setting(ns);
        if (said.Level == Autonomy.Observe) return said;
        var marks = chain.Select(item => MaintenanceMark.Of(item.Metadata, KindOf(item)))
            .Append(scope is null ? null : MaintenanceMark.Of(scope.Metadata, "Namespace"));
        return marks.OfType<MaintenanceMark>().Select(Hold).FirstOrDefault(hold => hold is not null) ?? said;
    }

    private AutonomySetting Setting(string ns)
    {
        var settings = options.CurrentValue;
        return settings.Scope.TryGetValue(ns, out var level)
            ? new AutonomySetting(level, $"setting {HealOptions.Section}:Scope:{ns}")
            : new AutonomySetting(settings.Autonomy, $"setting {HealOptions.Section}:Autonomy");
    }

    // Detectors take a mark that cannot be read for none, to lose no incident; here it holds the healer back, and says so.
    private AutonomySetting? Hold(MaintenanceMark mark) => mark switch
    {
        { IsOff: true } => null,
        { Until: null } => new AutonomySetting(Autonomy.Observe,
            $"{mark.Source} says '{SafeText.Line(mark.Text, 40)}'; expected true, false, or the time when it ends"),
        { Until: { } until } when until <= time.GetUtcNow() => null,
        _ => new AutonomySetting(Autonomy.Observe, $"{mark.Source} says '{SafeText.Line(mark.Text, 40)}': somebody works on it"),
    };

    private async Task<(Namespace? Found, bool Refused)> ReadNamespaceAsync(string ns, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.TryGetAsync<Namespace>(null, ns, cancellationToken), false);
        }
        catch (KubernetesForbiddenException)
        {
            return (null, true);
        }
    }

    private static string KindOf(KubernetesObject item) => item.Kind ?? "workload";

    private static AutonomySetting? Mark(KubernetesObject found, string kind)
    {
        var annotation = found.Metadata.Annotation(KubernetesNames.Autonomy);
        if ((annotation ?? found.Metadata.Label(KubernetesNames.Autonomy)) is not { } text) return null;
        var source = $"{(annotation is null ? "label" : "annotation")} {KubernetesNames.Autonomy} of {kind} {found.Metadata.Name}";
        return text switch
        {
            "observe" => new AutonomySetting(Autonomy.Observe, source),
            "advise" => new AutonomySetting(Autonomy.Advise, source),
            "approve" => new AutonomySetting(Autonomy.Approve, source),
            "act" => new AutonomySetting(Autonomy.Act, source),
            _ => new AutonomySetting(
                Autonomy.Observe, $"{source} says '{SafeText.Line(text, 40)}'; expected observe, advise, approve or act"),
        };
    }
}
