using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Gives one key of a ConfigMap the value that a person or a workflow knows to be good, and restarts the pods that use it. Its inverse puts
/// the old value back and restarts them again.
/// </summary>
internal sealed class PatchConfig : IRecipe
{
    /// <summary>What makes the template new, so that the pods read the ConfigMap again.</summary>
    public const string HashNote = "heal.internal/config-hash";

    private const int HashBytes = 8;

    public ActionDescriptor Descriptor { get; } = new(
        "patch_config",
        RiskClass.R3,
        [Causes.ConfigChangedInPlace],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [
            new ActionParameter("configMap", ParameterKind.Text, "", null, null, "Which ConfigMap. Required."),
            new ActionParameter("key", ParameterKind.Text, "", null, null, "Which key of it. Required."),
            new ActionParameter("value", ParameterKind.Text, "", null, null, "The value that is known to be good."),
            new ActionParameter("bad", ParameterKind.Text, "", null, null,
                "The value that is known to be bad; empty: any. Another one than this is somebody's repair."),
        ],
        "The workload's template uses the ConfigMap, which has the key with the bad value, is not immutable, and belongs to no tool.",
        "The key has the value, and all pods have been restarted with it and are ready.",
        "patch_config_undo",
        [.. Rules.ChangeWorkloads("deployments", "statefulsets", "daemonsets"), new("", "configmaps", ["get", "patch"])])
    {
        Summary = "Sets one key of a ConfigMap and restarts the pods that use it.",
        EffectWithin = TimeSpan.FromMinutes(10),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        parameters["configMap"].Length == 0 || parameters["key"].Length == 0 ? "it is not said which key of which ConfigMap"
        : evidence.Configs.Any(config => config.Name == parameters["configMap"] && config.UsedByCurrent) ? null
        : $"the pods do not use ConfigMap '{SafeText.Line(parameters["configMap"], 100)}'";

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        if (values.Given("configMap") is not { } name || values.Given("key") is not { } key)
        {
            return Proposal.Refuse("it is not said which key of which ConfigMap");
        }

        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        if (PatchEffect.OwnerOf(live) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof}): change it there");
        if (live.At("spec", "template") is not JsonObject template || !ConfigReferences.Of(template).Contains(("ConfigMap", name)))
        {
            return Proposal.Refuse($"its pods do not use ConfigMap '{name}'");
        }

        var address = ObjectAddress.Of(Kinds.ConfigMap, target.Namespace, name);
        var map = await tools.ReadAsync(address, cancellationToken);
        if (map is null) return Proposal.Refuse($"{address} does not exist");
        if (PatchEffect.OwnerOf(map) is { } tool)
        {
            return Proposal.Refuse($"{address} belongs to {tool.Tool} ({tool.Proof}): change it there");
        }

        if (map.IsTrue("immutable")) return Proposal.Refuse($"{address} is immutable");
        if (map.Text("data", key) is not { } old) return Proposal.Refuse($"{address} has no key '{key}'");
        if (old == values["value"]) return Proposal.Refuse($"key '{key}' has that value already");
        if (values.Given("bad") is { } bad && old != bad)
        {
            return Proposal.Refuse($"key '{key}' does not have the value that is known to be bad");
        }

        var content = Encoding.UTF8.GetBytes($"{name}\n{key}\n{values["value"]}");
        var hash = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, HashBytes));
        return Proposal.Act($"sets key '{key}' of {address} and restarts {target}",
            PatchEffect.On(address, map, FieldChange.Of(map, values["value"], "data", key)),
            PatchEffect.On(ActionTools.AddressOf(target), live,
                FieldChange.Of(live, hash, "spec", "template", "metadata", "annotations", HashNote)));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var map = await tools.ReadAsync(((PatchEffect)image.Steps[0]).Address, cancellationToken);
        if (map is null || !((PatchEffect)image.Steps[0]).Fields[0].IsNew(map))
        {
            return EffectCheck.NotYet("the key has another value again");
        }

        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        return Workloads.Unfinished(live) is { } why ? EffectCheck.NotYet(why) : EffectCheck.Yes("all pods run with it and are ready");
    }
}
