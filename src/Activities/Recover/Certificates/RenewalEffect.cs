using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities;

/// <summary>
/// Asks cert-manager to issue a certificate anew, as its own command line does: condition Issuing becomes True in the status. The
/// condition's message carries the key; when cert-manager is done it is gone, and a higher revision tells. Nothing takes it back.
/// </summary>
/// <param name="Revision">Of the certificate that is to be replaced; 0: none was ever issued.</param>
internal sealed record RenewalEffect(ObjectAddress Address, string Uid, int Revision) : Effect
{
    public const string Issuing = "Issuing";

    [JsonIgnore]
    public override string Subject => Address.ToString();

    [JsonIgnore]
    public override bool IsReversible => false;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(Address, cancellationToken);
        if (live is null) return new Look(Sight.Gone, $"{Address} is gone");
        if (live.Uid() != Uid) return new Look(Sight.ChangedByOther, $"{Address} was replaced by another of the same name", live);
        if ((live.Whole("status", "revision") ?? 0) > Revision) return Look.Applied(live);
        if (!live.HasCondition(Issuing)) return Look.NotApplied(live);
        return live.Condition(Issuing).Text("message") == Message(key)
            ? Look.Applied(live)
            : new Look(Sight.DoneByOther, $"{PatchEffect.Who(live)} has it issued anew already", live);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        var live = look.Live!;
        var condition = new JsonObject
        {
            ["type"] = Issuing, ["status"] = "True", ["reason"] = "ManuallyTriggered", ["message"] = Message(key),
            ["lastTransitionTime"] = tools.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null),
            ["observedGeneration"] = live.Whole("metadata", "generation") ?? 0,
        };
        var conditions = new JsonArray([.. live.Items("status", "conditions")
            .Where(item => item.Text("type") != Issuing).Select(item => (JsonNode)item.DeepClone()), condition]);
        var operations = new List<JsonPatchOperation>
        {
            JsonPatchOperation.Test("/metadata/resourceVersion", live.At("metadata", "resourceVersion")),
        };
        if (live.At("status") is null) operations.Add(JsonPatchOperation.Add("/status", new JsonObject()));
        operations.Add(JsonPatchOperation.Add("/status/conditions", conditions));
        try
        {
            var options = new WriteOptions { FieldManager = KubernetesNames.FieldManager, DryRun = dryRun, Subresource = "status" };
            await tools.Client.PatchAsync<KubernetesObject>(
                Address.ResourceKind, Address.Namespace, Address.Name, Patch.Json(operations), options, cancellationToken);
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
            var now = await tools.ReadAsync(Address, cancellationToken);
            var moved = now.Text("metadata", "resourceVersion") != live.Text("metadata", "resourceVersion");
            return moved ? WriteAnswer.Taken : WriteAnswer.Refused(e.Message);
        }
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [Workloads.Invariant($"{Address}: issued anew after revision {Revision}")];

    private static string Message(string key) => $"Re-issuance asked for by Heal, operation {key}";
}
