using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities;

/// <summary>Creates one object under a fixed name, marked with the operation's key. Its inverse deletes just that object.</summary>
/// <param name="Body">Without status and what the server fills in; never with a secret's content.</param>
/// <param name="AnyOwner">Also with the marks of a tool, which takes it for its own then, and may delete what it does not know.</param>
internal sealed record CreateEffect(ObjectAddress Address, JsonObject Body, bool AnyOwner = false) : Effect
{
    private static readonly string[] FilledIn =
        ["uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields",
            "selfLink"];

    [JsonIgnore]
    public override string Subject => Address.ToString();

    [JsonIgnore]
    public override bool IsReversible => true;

    [JsonIgnore]
    public override bool IsAtomic => true;

    /// <summary>A body that makes an object like this one again.</summary>
    public static JsonObject BodyOf(JsonObject live)
    {
        var body = live.DeepClone().AsObject();
        body.Remove("status");
        foreach (var name in FilledIn) (body["metadata"] as JsonObject)?.Remove(name);
        (body["metadata"]?["annotations"] as JsonObject)?.Remove(KubernetesNames.Operation);
        return body;
    }

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(Address, cancellationToken);
        if (live is null) return Look.NotApplied(null);
        return live.Annotation(KubernetesNames.Operation) == key
            ? Look.Applied(live, new JsonObject { ["uid"] = live.Uid() })
            : new Look(Sight.DoneByOther, $"{PatchEffect.Who(live)} created {Address} meanwhile", live);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (!AnyOwner && PatchEffect.OwnerOf(Body) is { } owner)
        {
            return WriteAnswer.Refused($"{Address} would have the marks of {owner.Tool} ({owner.Proof}), which keeps what it knows only");
        }

        var body = Body.DeepClone().AsObject();
        if (body["metadata"] is not JsonObject metadata) body["metadata"] = metadata = new JsonObject();
        metadata["name"] = Address.Name;
        if (Address.Namespace is not null) metadata["namespace"] = Address.Namespace;
        if (metadata["annotations"] is not JsonObject annotations) metadata["annotations"] = annotations = new JsonObject();
        annotations[KubernetesNames.Operation] = key;
        try
        {
            var options = new WriteOptions { FieldManager = KubernetesNames.FieldManager, DryRun = dryRun };
            var made = KubernetesObject.FromJson<KubernetesObject>(body);
            await tools.Client.CreateAsync(Address.ResourceKind, made, options, cancellationToken);
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
            return WriteAnswer.Refused(e.Message);
        }
    }

    public override Effect Inverse(JsonObject post) => new DeleteEffect(Address, post.Text("uid") ?? "", AnyOwner: true);

    public override IReadOnlyList<string> Describe() => [$"{Address}: created"];
}
