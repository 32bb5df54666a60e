using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;

namespace Heal.Activities;

/// <summary>
/// Puts a new claim in the place of one whose volume is lost: deletes it by its uid, waits until it is gone, makes the new one. What was on
/// the volume is not there any more before or after; nothing takes this back.
/// </summary>
/// <param name="Body">The new claim, from the StatefulSet's template.</param>
/// <param name="AnyMaker">The StatefulSet's controller may be the one that makes it: both would make the same.</param>
internal sealed record ClaimReplacementEffect(ObjectAddress Address, string OldUid, JsonObject Body, bool AnyMaker) : Effect
{
    [JsonIgnore]
    public override string Subject => Address.ToString();

    [JsonIgnore]
    public override bool IsReversible => false;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(Address, cancellationToken);
        if (live is null || live.Uid() == OldUid) return Look.NotApplied(live);
        return AnyMaker || live.Annotation(KubernetesNames.Operation) == key
            ? Look.Applied(live, new JsonObject { ["uid"] = live.Uid() })
            : new Look(Sight.ChangedByOther, $"{PatchEffect.Who(live)} made another {Address} meanwhile", live);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        try
        {
            if (look.Live is null)
            {
                return await new CreateEffect(Address, Body, AnyOwner: true).WriteAsync(tools, key, look, dryRun, cancellationToken);
            }

            if (!look.Live.IsDeleting())
            {
                var options = new DeleteOptions { Uid = OldUid, DryRun = dryRun };
                await tools.Client.DeleteAsync(Address.ResourceKind, Address.Namespace, Address.Name, options, cancellationToken);
            }

            return dryRun ? WriteAnswer.Taken : WriteAnswer.Later($"{Address} is being deleted, and a pod may still use it");
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

    // A deletion that waits for a pod to go is not called off any more.
    public override async Task<string?> BegunAsync(ActionTools tools, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(Address, cancellationToken);
        if (live is null) return $"{Address} is deleted, and the new one is not made";
        return live.Uid() == OldUid && live.IsDeleting() ? $"the deletion of {Address} has begun, and the new one is not made" : null;
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Address}: deleted, and made again{From()}"];

    private string From() => Body.Text("spec", "dataSource", "name") is { } snapshot ? $" from VolumeSnapshot {snapshot}" : ", empty";
}
