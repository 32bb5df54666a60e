using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;

namespace Heal.Activities;

/// <summary>Deletes one object, by its uid: once it is gone there is nothing that a repetition could hit.</summary>
/// <param name="Again">What makes it again; null: nothing does.</param>
/// <param name="Force">Takes it out of the API at once, whatever still runs on a node. Only after the node is known to be dead.</param>
/// <param name="Version">Only while nobody has changed it: its resourceVersion. Null: however it looks.</param>
/// <param name="AnyOwner">Also where a tool or a controller owns the object: for what this healer made itself, and where the owner is to
/// make it again.</param>
internal sealed record DeleteEffect(
    ObjectAddress Address, string Uid, JsonObject? Again = null, bool Force = false, string? Version = null, bool AnyOwner = false) : Effect
{
    [JsonIgnore]
    public override string Subject => Address.ToString();

    [JsonIgnore]
    public override bool IsReversible => Again is not null;

    [JsonIgnore]
    public override bool IsAtomic => true;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(Address, cancellationToken);
        if (live is null || live.Uid() != Uid) return Look.Applied(null);

        if (Version is not null && !live.IsDeleting() && live.Text("metadata", "resourceVersion") != Version)
        {
            return new Look(Sight.ChangedByOther, $"{PatchEffect.Who(live)} changed {Address} since", live);
        }

        // Somebody who deletes the same object wants the same; a forced one has still to be taken out.
        return live.IsDeleting() && !Force ? Look.Applied(live) : Look.NotApplied(live);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (!AnyOwner && look.Live is { } live && PatchEffect.OwnerOf(live) is { } owner)
        {
            return WriteAnswer.Refused($"{Address} belongs to {owner.Tool} ({owner.Proof}): delete it at its source");
        }

        try
        {
            var options = new DeleteOptions
            {
                Uid = Uid, ResourceVersion = Version, GracePeriodSeconds = Force ? 0 : null, DryRun = dryRun,
            };
            await tools.Client.DeleteAsync(Address.ResourceKind, Address.Namespace, Address.Name, options, cancellationToken);
            return WriteAnswer.Taken;
        }
        catch (KubernetesConflictException)
        {
            return WriteAnswer.Taken;
        }
        catch (KubernetesForbiddenException e) when (e.Missing is not null)
        {
            throw;
        }
        catch (KubernetesApiException e) when (e.IsFinal)
        {
            return WriteAnswer.Refused(e.Message);
        }
    }

    public override Effect? Inverse(JsonObject post) => Again is null
        ? null : new CreateEffect(Address, Again.DeepClone().AsObject(), AnyOwner: true);

    public override IReadOnlyList<string> Describe() => [$"{Address}: deleted{(Force ? ", by force" : "")}"];
}
