using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities;

/// <summary>
/// Gives one Secret the content of another. The content goes from the server to the server: the ledger has only short hashes of it, by
/// which a retry and an undo see what is there. What stood there before is copied to a Secret beside it by a step before this one (see
/// <see cref="Kept"/>), so whoever could read it then, and nobody else, can read it now.
/// </summary>
/// <param name="SourceHash">Of the content to be copied; a source that has another by then is not copied.</param>
/// <param name="OldHash">Of the content to be replaced; null: there must be no such Secret.</param>
/// <param name="Kept">The Secret that the inverse copies back from; null with a replaced content: it cannot be undone.</param>
/// <param name="Label">A label for a Secret that is made, with the value "true".</param>
internal sealed record SecretCopyEffect(
    ObjectAddress Source, string SourceHash, ObjectAddress Address, string? OldHash, ObjectAddress? Kept = null, string? Label = null)
    : Effect
{
    [JsonIgnore]
    public override string Subject => Address.ToString();

    [JsonIgnore]
    public override bool IsReversible => OldHash is null || Kept is not null;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(Address, cancellationToken);
        if (live is null)
        {
            return OldHash is null ? Look.NotApplied(null) : new Look(Sight.Gone, $"{Address} is gone");
        }

        var hash = SecretContent.Hash(live);
        if (hash == SourceHash && live.Annotation(KubernetesNames.Operation) == key)
        {
            return Look.Applied(live, new JsonObject { ["uid"] = live.Uid(), ["version"] = live.Text("metadata", "resourceVersion") });
        }

        if (hash == SourceHash) return new Look(Sight.DoneByOther, $"{Writer(live)} gave {Address} just that content meanwhile", live);
        return hash == OldHash
            ? Look.NotApplied(live)
            : new Look(Sight.ChangedByOther, $"{Writer(live)} changed {Address} meanwhile", live);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        var source = await tools.ReadAsync(Source, cancellationToken);
        if (source is null) return WriteAnswer.Refused($"{Source} is not there");
        if (SecretContent.Hash(source) != SourceHash) return WriteAnswer.Refused($"{Source} was changed meanwhile");
        var live = look.Live;
        if (live is not null && PatchEffect.OwnerOf(live) is { } owner)
        {
            return WriteAnswer.Refused($"{Address} belongs to {owner.Tool} ({owner.Proof}): change it at its source");
        }

        if (live is not null && live.Text("type") != source.Text("type"))
        {
            return WriteAnswer.Refused($"{Address} is of type {live.Text("type")}, {Source} of type {source.Text("type")}");
        }

        try
        {
            var options = new WriteOptions { FieldManager = KubernetesNames.FieldManager, DryRun = dryRun };
            if (live is null) await tools.Client.CreateAsync(Kinds.Secret, Made(source, key), options, cancellationToken);
            else
            {
                await tools.Client.PatchAsync<KubernetesObject>(
                    Kinds.Secret, Address.Namespace, Address.Name, Change(live, source, key), options, cancellationToken);
            }

            return WriteAnswer.Taken;
        }
        catch (Exception e) when (e is KubernetesConflictException or KubernetesNotFoundException { IsAboutObject: true })
        {
            return WriteAnswer.Taken;
        }
        catch (KubernetesForbiddenException e) when (e.Missing is not null)
        {
            throw;
        }
        catch (KubernetesApiException e) when (e.IsFinal)
        {
            // Not the server's words: they may repeat what was sent.
            var now = await tools.ReadAsync(Address, cancellationToken);
            var moved = live is not null && now.Text("metadata", "resourceVersion") != live.Text("metadata", "resourceVersion");
            return moved ? WriteAnswer.Taken
                : WriteAnswer.Refused(Workloads.Invariant($"the server does not take the content of {Address} ({(int)e.StatusCode})"));
        }
    }

    public override Effect? Inverse(JsonObject post)
    {
        if (OldHash is null) return new DeleteEffect(Address, post.Text("uid") ?? "", Version: post.Text("version"), AnyOwner: true);
        return Kept is null ? null : new SecretCopyEffect(Kept, OldHash, Address, SourceHash);
    }

    public override IReadOnlyList<string> Describe() =>
        [$"{Address}: content {OldHash ?? "nothing"} -> {SourceHash} (hashes), from {Source}"];

    private KubernetesObject Made(JsonObject source, string key)
    {
        var metadata = new JsonObject
        {
            ["name"] = Address.Name, ["namespace"] = Address.Namespace,
            ["annotations"] = new JsonObject { [KubernetesNames.Operation] = key },
        };
        if (Label is not null) metadata["labels"] = new JsonObject { [Label] = "true" };
        return KubernetesObject.FromJson<KubernetesObject>(new JsonObject
        {
            ["metadata"] = metadata, ["type"] = source.Text("type"), ["data"] = source.At("data")?.DeepClone(),
        });
    }

    private static Patch Change(JsonObject live, JsonObject source, string key)
    {
        var operations = new List<JsonPatchOperation>
        {
            JsonPatchOperation.Test("/metadata/resourceVersion", live.At("metadata", "resourceVersion")),
            JsonPatchOperation.Add("/data", source.At("data")?.DeepClone() ?? new JsonObject()),
        };
        if (live.At("metadata", "annotations") is null)
        {
            operations.Add(JsonPatchOperation.Add("/metadata/annotations", new JsonObject()));
        }

        operations.Add(JsonPatchOperation.Add(
            JsonPatchOperation.PathTo("metadata", "annotations", KubernetesNames.Operation), JsonValue.Create(key)));
        return Patch.Json(operations);
    }

    private static string Writer(JsonObject live) =>
        FieldManagers.OfField(KubernetesObject.FromJson<KubernetesObject>(live).Metadata, ["data"]) is [var (name, _), ..]
            ? $"'{name}'" : "somebody";
}
