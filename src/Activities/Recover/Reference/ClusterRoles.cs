using System.Text;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Writes the roles of <c>deploy/kubernetes/roles.yaml</c> from what the actions declare: reading everywhere; writing per namespace, once
/// for what is done without asking and once for what a person approves; writing on nodes apart.
/// </summary>
internal static class ClusterRoles
{
    /// <summary>Up to this risk class a scope that says act has actions taken without a question.</summary>
    public const RiskClass ActsAlone = RiskClass.R2;

    private static readonly string[] Reading = ["get", "list", "watch"];

    /// <summary>What the detectors follow, beside what evidence reads. Namespaced ones can be granted per namespace instead
    /// (Heal:Watch:Namespaces).</summary>
    public static readonly IReadOnlyList<PermissionRule> Watching =
    [
        .. Rules(("", "endpoints"), ("", "namespaces"), ("", "nodes"), ("", "persistentvolumeclaims"), ("", "pods"), ("", "resourcequotas"),
            ("", "services"), ("apps", "daemonsets"), ("apps", "deployments"), ("apps", "replicasets"), ("apps", "statefulsets"),
            ("autoscaling", "horizontalpodautoscalers"), ("batch", "jobs"), ("discovery.k8s.io", "endpointslices"),
            ("policy", "poddisruptionbudgets")),
    ];

    public static string Write(IReadOnlyList<ActionDescriptor> actions)
    {
        var text = new StringBuilder();
        text.Append("# Written from the permissions that the actions declare, by eng/actions.sh. Do not edit.\n");
        text.Append("# Which action needs a rule is said beside it.\n");
        Role(text, "heal-observe", "Reading, in the whole cluster: for every level. No Secrets.",
        [
            .. EvidencePermissions.Rules.Select(rule => (rule, "evidence")),
            .. Watching.Select(rule => (rule, "detectors")),
            .. from action in actions
               from rule in action.Permissions
               where !IsSensitive(rule)
               let verbs = rule.Verbs.Intersect(Reading).ToList()
               where verbs.Count > 0
               select (rule with { Verbs = verbs }, action.Id),
        ]);
        var named = actions.Where(action => !action.TargetKinds.Contains(TargetKinds.Node)).ToList();
        Role(text, "heal-act", $"Level act: what is done without a question, up to {ActsAlone}. Bind it per namespace.",
            Writes(named.Where(action => action.Risk <= ActsAlone)));
        Role(text, "heal-approve",
            $"Level approve, and whatever is above {ActsAlone}: what is done once a person said yes. Bind it per namespace.",
            Writes(named));
        Role(text, "heal-sources",
            "Reading the true Secrets. Bind it in the namespaces that the settings name as sources, and only there.",
            [(new PermissionRule("", "secrets", ["get"]), "refresh_pull_secret")]);
        Role(text, "heal-nodes", "Actions on nodes, for a cluster that lets the healer take nodes out of service. Bind it in the cluster.",
            Writes(actions.Except(named)));
        return text.ToString();
    }

    // What reading them gives away, or does: Secrets, and commands in containers, which older servers take by a GET.
    private static bool IsSensitive(PermissionRule rule) => rule.Resource is "secrets" or "pods/exec";

    private static IEnumerable<PermissionRule> Rules(params IReadOnlyList<(string Group, string Resource)> resources) =>
        resources.Select(item => new PermissionRule(item.Group, item.Resource, Reading));

    private static IReadOnlyList<(PermissionRule Rule, string Why)> Writes(IEnumerable<ActionDescriptor> actions) =>
    [
        .. from action in actions
           from rule in action.Permissions
           let verbs = IsSensitive(rule) ? rule.Verbs : [.. rule.Verbs.Except(Reading)]
           where verbs.Count > 0
           select (rule with { Verbs = verbs }, action.Id),
    ];

    private static void Role(StringBuilder text, string name, string meaning, IReadOnlyList<(PermissionRule Rule, string Why)> rules)
    {
        text.Append($"---\n# {meaning}\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {name}\nrules:\n");
        var groups = rules.GroupBy(item => (item.Rule.ApiGroup, item.Rule.Resource))
            .OrderBy(group => group.Key.ApiGroup, StringComparer.Ordinal).ThenBy(group => group.Key.Resource, StringComparer.Ordinal);
        foreach (var group in groups)
        {
            var verbs = group.SelectMany(item => item.Rule.Verbs).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
            var why = string.Join(", ", group.Select(item => item.Why).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
            text.Append($"  # {why}\n");
            text.Append($"  - apiGroups: [\"{group.Key.ApiGroup}\"]\n    resources: [{group.Key.Resource}]\n");
            text.Append($"    verbs: [{string.Join(", ", verbs)}]\n");
        }
    }
}
