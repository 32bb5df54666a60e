using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities;

/// <summary>
/// Writes into Helm's own books that a release went back: a new revision with the content of an older one, and the one before it
/// superseded.
/// The ledger has only the numbers; the content is read from the cluster. Its inverse is a further revision with the newer content.
/// </summary>
/// <param name="Current">The revision that is in place.</param>
/// <param name="Source">The revision whose content comes back.</param>
internal sealed record HelmReleaseEffect(string Namespace, string Release, int Current, int Source) : Effect
{
    private const string Superseded = "superseded";

    // Helm's own labels on its Secrets; others are the user's (helm install --labels), and go along to the next revision.
    private static readonly string[] OfHelm = ["owner", "name", "status", "version", "createdAt", "modifiedAt"];

    [JsonIgnore]
    public int Next => Current + 1;

    [JsonIgnore]
    public override string Subject => $"Helm release {Namespace}/{Release}";

    [JsonIgnore]
    public override bool IsReversible => true;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var next = await SecretAsync(tools, Next, cancellationToken);
        if (next is not null && next.Annotation(KubernetesNames.Operation) != key)
        {
            return new Look(Sight.ChangedByOther,
                Workloads.Invariant($"{PatchEffect.Who(next)} made revision {Next} of {Subject} meanwhile"));
        }

        var current = await SecretAsync(tools, Current, cancellationToken);
        if (current is null) return new Look(Sight.Gone, Workloads.Invariant($"revision {Current} of {Subject} is gone"));
        return next is not null && current.Label("status") == Superseded ? Look.Applied(null) : Look.NotApplied(null);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        var source = await ReadAsync(tools, Source, cancellationToken);
        var current = await ReadAsync(tools, Current, cancellationToken);
        if (source is null || current is null)
        {
            return WriteAnswer.Refused(Workloads.Invariant($"revisions {Source} and {Current} of {Subject} cannot be read"));
        }

        var options = new WriteOptions { FieldManager = KubernetesNames.FieldManager, DryRun = dryRun };
        try
        {
            if (await SecretAsync(tools, Next, cancellationToken) is null)
            {
                var made = KubernetesObject.FromJson<KubernetesObject>(NewSecret(source, key, tools.Time.GetUtcNow()));
                await tools.Client.CreateAsync(Kinds.Secret, made, options, cancellationToken);
            }

            await tools.Client.PatchAsync<KubernetesObject>(
                Kinds.Secret, Namespace, current.Secret.Name(), Supersede(current, tools.Time.GetUtcNow()), options, cancellationToken);
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
            return WriteAnswer.Refused(e.Message);
        }
    }

    public override Effect Inverse(JsonObject post) => new HelmReleaseEffect(Namespace, Release, Next, Current);

    public override IReadOnlyList<string> Describe() =>
        [Workloads.Invariant($"{Subject}: revision {Next} with the content of revision {Source}")];

    private Task<JsonObject?> SecretAsync(ActionTools tools, int version, CancellationToken cancellationToken) =>
        tools.ReadAsync(Kinds.Secret, Namespace, HelmRelease.SecretName(Release, version), cancellationToken);

    private async Task<HelmRelease?> ReadAsync(ActionTools tools, int version, CancellationToken cancellationToken) =>
        await SecretAsync(tools, version, cancellationToken) is { } secret ? HelmRelease.Read(secret) : null;

    private JsonObject NewSecret(HelmRelease source, string key, DateTimeOffset now)
    {
        var version = Next.ToString(CultureInfo.InvariantCulture);
        var content = source.Content.DeepClone().AsObject();
        content["version"] = Next;
        if (content["info"] is not JsonObject info) content["info"] = info = new JsonObject();
        info["status"] = "deployed";
        info["last_deployed"] = now.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
        info["description"] = Workloads.Invariant($"Rollback to {Source}");
        var labels = new JsonObject
        {
            ["owner"] = "helm", ["name"] = Release, ["status"] = "deployed", ["version"] = version, ["createdAt"] = Seconds(now),
        };
        foreach (var (name, value) in source.Secret.Texts("metadata", "labels").Where(label => !OfHelm.Contains(label.Key)))
        {
            labels[name] = value;
        }

        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = HelmRelease.SecretName(Release, Next),
                ["namespace"] = Namespace,
                ["labels"] = labels,
                ["annotations"] = new JsonObject { [KubernetesNames.Operation] = key },
            },
            ["type"] = HelmRelease.SecretType,
            ["data"] = new JsonObject { ["release"] = HelmRelease.Pack(content) },
        };
    }

    private static string Seconds(DateTimeOffset at) => at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    private static Patch Supersede(HelmRelease current, DateTimeOffset now)
    {
        var content = current.Content.DeepClone().AsObject();
        if (content["info"] is JsonObject info) info["status"] = Superseded;
        return Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = current.Secret.Text("metadata", "resourceVersion"),
                ["labels"] = new JsonObject { ["status"] = Superseded, ["modifiedAt"] = Seconds(now) },
            },
            ["data"] = new JsonObject { ["release"] = HelmRelease.Pack(content) },
        });
    }
}
