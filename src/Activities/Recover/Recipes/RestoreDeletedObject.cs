using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Makes an object again that a workload cannot do without and that somebody deleted, from a versioned copy: the manifest of the deployed
/// Helm release, or a file of the repository that the settings name. What no copy has is not invented.
/// </summary>
internal sealed class RestoreDeletedObject : IRecipe
{
    /// <summary>Objects that one operation makes again at most.</summary>
    public const int MaxObjects = 10;

    private static readonly ResourceKind[] Handled = [Kinds.ConfigMap, Kinds.Secret, Kinds.Service, Kinds.RoleBinding];

    public ActionDescriptor Descriptor { get; } = new(
        "restore_deleted_object",
        RiskClass.R3,
        [Causes.MissingObject],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [
            new ActionParameter("kind", ParameterKind.Text, "", null, null,
                "ConfigMap, Secret, Service or RoleBinding; empty: what the pods refer to and is not there."),
            new ActionParameter("name", ParameterKind.Text, "", null, null, "Its name, in the namespace of the workload."),
        ],
        "The object is not there, and a versioned copy has it: the manifest of a deployed Helm release of the namespace, or a file at the "
            + $"head of the repository of setting {SourceOptions.Section}:Git. An encrypted file is none. A RoleBinding comes back only "
            + "where the healer may `bind` its role, which none of its own roles allows.",
        "The object is there, and all pods of the workload are of the newest template and ready.",
        "delete_restored_object",
        [
            new("apps", "deployments", ["get"]), new("apps", "statefulsets", ["get"]), new("apps", "daemonsets", ["get"]),
            new("", "configmaps", ["get", "create", "delete"]), new("", "secrets", ["get", "list", "create", "delete"]),
            new("", "services", ["get", "create", "delete"]),
            new("rbac.authorization.k8s.io", "rolebindings", ["get", "create", "delete"]),
        ])
    {
        ForOwned = true,
        Summary = "Makes a deleted ConfigMap, Secret, Service or RoleBinding again from a versioned copy.",
        EffectWithin = TimeSpan.FromMinutes(10),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        Faulty(parameters)
        ?? (parameters["name"].Length > 0 || evidence.Configs.Any(config => !config.Exists && config.UsedByCurrent)
            ? null : "nothing that its pods refer to is missing");

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        if (Faulty(values) is { } fault) return Proposal.Refuse(fault);
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        IReadOnlyList<ObjectAddress> wanted = values.Given("name") is { } name
            ? [ObjectAddress.Of(Handled.First(kind => kind.Kind == values["kind"]), target.Namespace, name)]
            : [.. ConfigReferences.Of(live.At("spec", "template") as JsonObject)
                .Select(item => ObjectAddress.Of(item.Kind == "Secret" ? Kinds.Secret : Kinds.ConfigMap, target.Namespace, item.Name))];
        var missing = new List<ObjectAddress>();
        foreach (var address in wanted)
        {
            var there = await tools.ReadAsync(address, cancellationToken);
            if (there.IsDeleting()) return Proposal.Refuse($"{address} is being deleted: whoever does that must let it go first");
            if (there is null) missing.Add(address);
        }

        if (missing.Count == 0)
        {
            return Proposal.Refuse(wanted is [var only] ? $"{only} is there" : "nothing that its pods refer to is missing");
        }

        if (missing.Count > MaxObjects)
        {
            return Proposal.Refuse(Workloads.Invariant($"{missing.Count} objects are missing, {MaxObjects} at most are made again"));
        }

        var steps = new List<Effect>();
        foreach (var address in missing)
        {
            var (step, objection) = await StepAsync(tools, address, cancellationToken);
            if (step is null) return Proposal.Refuse(objection);
            steps.Add(step);
        }

        return Proposal.Act($"makes {string.Join(", ", missing)} again for {target}", steps);
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        foreach (var step in image.Steps.Cast<RestoreEffect>())
        {
            if (await tools.ReadAsync(step.Address, cancellationToken) is null) return EffectCheck.NotYet($"{step.Address} is not there");
        }

        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        return Workloads.Unfinished(live) is { } why ? EffectCheck.NotYet(why) : EffectCheck.Yes("it is there, and all pods are ready");
    }

    private static async Task<(Effect? Step, string Objection)> StepAsync(
        ActionTools tools, ObjectAddress address, CancellationToken cancellationToken)
    {
        (ManifestSource Source, JsonObject Manifest)? found;
        try
        {
            found = await HelmManifest.FindAsync(tools, address, cancellationToken)
                ?? await GitManifest.FindAsync(tools, address, cancellationToken);
        }
        catch (GitException e)
        {
            return (null, e.Message);
        }

        if (found is not var (source, manifest))
        {
            return (null, $"no deployed Helm release and no file of setting {SourceOptions.Section}:Git has {address}");
        }

        return manifest.ContainsKey("sops")
            ? (null, $"{source.Describe()} is encrypted: its tool must make {address} again")
            : (new RestoreEffect(address, source, ManifestSource.Hash(manifest)), "");
    }

    private static string? Faulty(IReadOnlyDictionary<string, string> values)
    {
        if ((values["kind"].Length == 0) != (values["name"].Length == 0)) return "kind and name: expected both or none";
        return values["kind"].Length == 0 || Handled.Any(kind => kind.Kind == values["kind"])
            ? null : $"kind: expected {string.Join(", ", Handled.Select(kind => kind.Kind))}, got '{SafeText.Line(values["kind"], 40)}'";
    }
}
