using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities;

/// <summary>
/// Makes an object again from a versioned copy, which is read when it is needed: the ledger has only where the copy is, and a hash of it.
/// Its inverse deletes the object, as long as nobody has changed it since.
/// </summary>
/// <param name="Hash">Of the copy when it was decided on; another one by then is not used.</param>
internal sealed record RestoreEffect(ObjectAddress Address, ManifestSource Source, string Hash) : Effect
{
    [JsonIgnore]
    public override string Subject => Address.ToString();

    [JsonIgnore]
    public override bool IsReversible => true;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(Address, cancellationToken);
        if (live is null) return Look.NotApplied(null);
        return live.Annotation(KubernetesNames.Operation) == key
            ? Look.Applied(live, new JsonObject { ["uid"] = live.Uid(), ["version"] = live.Text("metadata", "resourceVersion") })
            : new Look(Sight.DoneByOther, $"{PatchEffect.Who(live)} created {Address} meanwhile", live);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        JsonObject? body;
        try
        {
            body = await Source.ReadAsync(tools, Address, cancellationToken);
        }
        catch (GitException e)
        {
            // A remote that is away may come back until the time for the effect is over.
            return WriteAnswer.Later(e.Message);
        }

        if (body is null || ManifestSource.Hash(body) != Hash) return WriteAnswer.Refused($"{Source.Describe()} is not what it was");
        if (body["metadata"] is not JsonObject metadata) body["metadata"] = metadata = new JsonObject();
        metadata["namespace"] = Address.Namespace;
        if (metadata["annotations"] is not JsonObject annotations) metadata["annotations"] = annotations = new JsonObject();
        annotations[KubernetesNames.Operation] = key;
        try
        {
            var options = new WriteOptions { FieldManager = KubernetesNames.FieldManager, DryRun = dryRun };
            await tools.Client.CreateAsync(
                Address.ResourceKind, KubernetesObject.FromJson<KubernetesObject>(body), options, cancellationToken);
            return WriteAnswer.Taken;
        }
        catch (KubernetesConflictException e) when (e.AlreadyExists)
        {
            return WriteAnswer.Taken;
        }
        catch (KubernetesForbiddenException e) when (e.Missing is not null)
        {
            throw;
        }
        catch (KubernetesApiException e) when (e.IsFinal)
        {
            // Not the server's words where they may repeat what was sent.
            return WriteAnswer.Refused(Address.Kind == "Secret"
                ? Workloads.Invariant($"the server does not take {Address} ({(int)e.StatusCode})") : e.Message);
        }
    }

    public override Effect Inverse(JsonObject post) =>
        new DeleteEffect(Address, post.Text("uid") ?? "", Version: post.Text("version"), AnyOwner: true);

    public override IReadOnlyList<string> Describe() => [$"{Address}: made again from {Source.Describe()}"];
}
