using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Changes fields of one object: a JSON patch that tests the resourceVersion which was looked at and leaves the operation's key. Its
/// pre-image is the fields' old values; its inverse puts those back, where the new ones still stand.
/// </summary>
/// <param name="Uid">An object of the same name with another uid is another one.</param>
/// <param name="AnyOwner">Also where a tool or a controller owns the object: for marks that none of them looks at.</param>
internal sealed record PatchEffect(ObjectAddress Address, string Uid, IReadOnlyList<FieldChange> Fields, bool AnyOwner = false) : Effect
{
    [JsonIgnore]
    public override string Subject => Address.ToString();

    [JsonIgnore]
    public override bool IsReversible => true;

    [JsonIgnore]
    public override bool IsAtomic => true;

    public static PatchEffect On(ObjectAddress address, JsonObject live, params IReadOnlyList<FieldChange> fields) =>
        new(address, live.Uid(), fields);

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(Address, cancellationToken);
        if (live is null) return new Look(Sight.Gone, $"{Address} is gone");
        if (live.Uid() != Uid) return new Look(Sight.ChangedByOther, $"{Address} was replaced by another of the same name", live);

        var ours = live.Annotation(KubernetesNames.Operation) == key;
        if (Fields.All(field => field.IsNew(live)))
        {
            return ours
                ? Look.Applied(live) : new Look(Sight.DoneByOther, $"{Culprit(live)} changed {Address} to just that meanwhile", live);
        }

        if (!ours && Fields.All(field => field.IsOld(live))) return Look.NotApplied(live);

        // A webhook may have bent the values on the way in; then nobody has written after us.
        if (ours && Fields.All(field => !field.IsOld(live) && WriterOf(live, field.Path) == KubernetesNames.FieldManager))
        {
            return Look.Applied(live);
        }

        return new Look(Sight.ChangedByOther, $"{Culprit(live)} changed {Address} meanwhile", live);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        var live = look.Live!;
        if (!AnyOwner && OwnerOf(live) is { } owner)
        {
            return WriteAnswer.Refused($"{Address} belongs to {owner.Tool} ({owner.Proof}): change it at its source");
        }

        if (live.IsDeleting()) return WriteAnswer.Refused($"{Address} is being deleted");
        var operations = new List<JsonPatchOperation>
        {
            JsonPatchOperation.Test("/metadata/resourceVersion", live.At("metadata", "resourceVersion")),
        };
        foreach (var field in Fields)
        {
            if (field.Operations(live) is not { } patch) return WriteAnswer.Refused($"{Address} has no {string.Join('.', field.Path)}");
            operations.AddRange(patch);
        }

        if (live.At("metadata", "annotations") is null && !Fields.Any(field => field.Path is ["metadata", "annotations", ..]))
        {
            operations.Add(JsonPatchOperation.Add("/metadata/annotations", new JsonObject()));
        }

        operations.Add(JsonPatchOperation.Add(
            JsonPatchOperation.PathTo("metadata", "annotations", KubernetesNames.Operation), JsonValue.Create(key)));
        return await SendAsync(tools, live, Patch.Json(operations), dryRun, cancellationToken);
    }

    public override Effect Inverse(JsonObject post) => this with { Fields = [.. Fields.Select(field => field.Inverse())] };

    public override IReadOnlyList<string> Describe() => [.. Fields.Select(field => $"{Address}: {field.Describe()}")];

    /// <summary>Who wrote last, for the record.</summary>
    public static string Who(JsonObject live) => LastWriter(live) is { } name ? $"'{name}'" : "somebody";

    /// <summary>The tool or controller that keeps the object as it wants it; null when nobody was recognised.</summary>
    public static ManagedBy? OwnerOf(JsonObject live) => Ownership.Of(KubernetesObject.FromJson<KubernetesObject>(live).Metadata);

    private string Culprit(JsonObject live)
    {
        var changed = Fields.FirstOrDefault(field => !field.IsOld(live)) ?? Fields[0];
        return WriterOf(live, changed.Path) is { } name ? $"'{name}'" : Who(live);
    }

    private static string? WriterOf(JsonObject live, IReadOnlyList<string> path) =>
        FieldManagers.OfField(KubernetesObject.FromJson<KubernetesObject>(live).Metadata, path) is [var (name, _), ..] ? name : null;

    private static string? LastWriter(JsonObject live) =>
        FieldManagers.OfSpec(KubernetesObject.FromJson<KubernetesObject>(live).Metadata) is [var (name, _), ..] ? name : null;

    private async Task<WriteAnswer> SendAsync(
        ActionTools tools, JsonObject live, Patch patch, bool dryRun, CancellationToken cancellationToken)
    {
        try
        {
            var options = new WriteOptions { FieldManager = KubernetesNames.FieldManager, DryRun = dryRun };
            await tools.Client.PatchAsync<KubernetesObject>(
                Address.ResourceKind, Address.Namespace, Address.Name, patch, options, cancellationToken);
            return WriteAnswer.Taken;
        }
        catch (Exception e) when (e is KubernetesConflictException or KubernetesNotFoundException)
        {
            return WriteAnswer.Taken;
        }
        catch (KubernetesForbiddenException e) when (e.Missing is not null)
        {
            throw;
        }
        catch (KubernetesApiException e) when (e.IsFinal)
        {
            // A failed test of a JSON patch is answered as an invalid request: only an object that did not change proves a real refusal.
            var now = await tools.ReadAsync(Address, cancellationToken);
            var moved = now.Text("metadata", "resourceVersion") != live.Text("metadata", "resourceVersion");
            return moved ? WriteAnswer.Taken : WriteAnswer.Refused(e.Message);
        }
    }
}
