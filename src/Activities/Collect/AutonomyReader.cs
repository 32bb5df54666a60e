using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// How far the healer may go with a target: the mark on the workload, else on its namespace, else the configuration. What cannot be read
/// counts as Observe: nobody meant to allow more by a typing error.
/// </summary>
internal sealed class AutonomyReader(IKubernetesClient client, IOptionsMonitor<HealOptions> options)
{
    public async Task<AutonomySetting> ReadAsync(KubernetesObject? workload, string ns, CancellationToken cancellationToken)
    {
        if (workload is not null && Mark(workload, workload.Kind ?? "workload") is { } ofWorkload) return ofWorkload;
        if (ns.Length > 0)
        {
            var scope = await ReadNamespaceAsync(ns, cancellationToken);
            if (scope is not null) return scope;
        }

        var settings = options.CurrentValue;
        return settings.Scope.TryGetValue(ns, out var level)
            ? new AutonomySetting(level, $"setting {HealOptions.Section}:Scope:{ns}")
            : new AutonomySetting(settings.Autonomy, $"setting {HealOptions.Section}:Autonomy");
    }

    private async Task<AutonomySetting?> ReadNamespaceAsync(string ns, CancellationToken cancellationToken)
    {
        try
        {
            var found = await client.TryGetAsync<Namespace>(null, ns, cancellationToken);
            return found is null ? null : Mark(found, "Namespace");
        }
        catch (KubernetesForbiddenException)
        {
            return new AutonomySetting(Autonomy.Observe, $"namespace '{ns}' may not be read, so that it cannot say more");
        }
    }

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
