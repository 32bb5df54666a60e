using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Runs a failed Job once more under another name, where it is marked as safe to be run again.</summary>
internal sealed class RerunJob : IRecipe
{
    /// <summary>By this label the owner of a Job says that running it twice does what running it once does.</summary>
    public const string Idempotent = "heal.internal/idempotent";

    private const int HashBytes = 3;

    // With a word of five letters and the hash 63: the controller puts the name into a label of the pods, which has no more.
    private const int LongestName = 50;

    private static readonly string[] SetByController = ["controller-uid", "batch.kubernetes.io/controller-uid", "job-name",
        "batch.kubernetes.io/job-name"];

    public ActionDescriptor Descriptor { get; } = new(
        "rerun_job",
        RiskClass.R2,
        [Causes.JobFailed],
        [TargetKinds.Job],
        [],
        $"It has failed for good, no pod of it runs, it carries the label {Idempotent}=true, and nobody but a CronJob keeps it.",
        "The new Job is complete.",
        "delete_rerun_job",
        [new("batch", "jobs", ["get", "create", "delete"])])
    {
        Summary = "Runs a failed Job once more.",
        EffectWithin = TimeSpan.FromMinutes(30),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var job = await tools.ReadAsync(request.Target, cancellationToken);
        if (job is null) return Proposal.Gone(request.Target);
        if (Objection(job) is { } objection) return Proposal.Refuse(objection);
        if (OwnerOf(job) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof}): run it again there");
        if (job.Text("spec", "managedBy") is { } manager && manager != "kubernetes.io/job-controller")
        {
            return Proposal.Refuse($"{manager} manages it (spec.managedBy): run it again there");
        }

        if (job.Label(Idempotent) != "true") return Proposal.Refuse($"it is not marked {Idempotent}=true: once more might not be the same");

        var name = NameOf(job.Name(), "rerun", request.Key);
        return Proposal.Act($"runs {request.Target} once more as {name}",
            new CreateEffect(ObjectAddress.Of(Kinds.Job, request.Target.Namespace, name), Body(job)));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var job = await tools.ReadAsync(((CreateEffect)image.Steps[0]).Address, cancellationToken);
        if (job.HasCondition("Complete")) return EffectCheck.Yes($"Job {job.Name()} is complete");
        return EffectCheck.NotYet(job.HasCondition("Failed") ? $"Job {job.Name()} has failed as well" : "it is not complete yet");
    }

    /// <summary>The name of a Job that an operation makes from something: always the same one.</summary>
    /// <param name="word">What it is made for; five letters at most.</param>
    public static string NameOf(string source, string word, string key)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, HashBytes));
        var start = source.Length > LongestName ? source[..LongestName].TrimEnd('-', '.') : source;
        return $"{start}-{word}-{hash}";
    }

    /// <summary>Nobody's Job: what says whose the object is that it was made from would have a tool take it for its own, and delete it
    /// with what it does not know.</summary>
    public static JsonObject Unowned(JsonObject body)
    {
        (body["metadata"] as JsonObject)?.Remove("ownerReferences");
        foreach (var mark in Ownership.Keys)
        {
            (body.At("metadata", "labels") as JsonObject)?.Remove(mark);
            (body.At("metadata", "annotations") as JsonObject)?.Remove(mark);
        }

        return body;
    }

    /// <summary>Why a Job is not failed for good; null when it is.</summary>
    public static string? Objection(JsonObject job)
    {
        if (job.IsDeleting()) return "it is being deleted";
        if (!job.HasCondition("Failed")) return "it has not failed for good";
        return (job.Whole("status", "active") ?? 0) + (job.Whole("status", "terminating") ?? 0) > 0 ? "pods of it still run" : null;
    }

    /// <summary>Who keeps a Job as he wants it; null for nobody, and for a CronJob: that makes the next Job at its time, whatever becomes
    /// of this one. What else is to be read on a CronJob's Jobs was copied from it, and is no tool's mark on them.</summary>
    public static ManagedBy? OwnerOf(JsonObject job) => IsOfCronJob(job) ? null : PatchEffect.OwnerOf(job);

    public static bool IsOfCronJob(JsonObject job) =>
        job.Controller() is { } owner && owner.Text("kind") == "CronJob"
        && owner.Text("apiVersion")?.StartsWith("batch/", StringComparison.Ordinal) == true;

    private static JsonObject Body(JsonObject job)
    {
        var body = Unowned(CreateEffect.BodyOf(job));
        if (body["spec"] is JsonObject spec)
        {
            spec.Remove("selector");
            spec.Remove("manualSelector");
        }

        foreach (var label in SetByController)
        {
            (body.At("spec", "template", "metadata", "labels") as JsonObject)?.Remove(label);
            (body.At("metadata", "labels") as JsonObject)?.Remove(label);
        }

        return body;
    }
}

/// <summary>Deletes a Job that has failed for good, with its pods. Its logs go with them: collect evidence first.</summary>
internal sealed class DeleteFailedJob : IRecipe
{
    public ActionDescriptor Descriptor { get; } = new(
        "delete_failed_job",
        RiskClass.R2,
        [Causes.JobFailed],
        [TargetKinds.Job],
        [],
        "It has failed for good, no pod of it runs, and nobody but a CronJob keeps it.",
        "The Job is gone.",
        null,
        [new("batch", "jobs", ["get", "delete"])])
    {
        Summary = "Deletes a Job that has failed for good.",
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var job = await tools.ReadAsync(request.Target, cancellationToken);
        if (job is null) return Proposal.Gone(request.Target);
        if (RerunJob.Objection(job) is { } objection) return Proposal.Refuse(objection);
        if (RerunJob.OwnerOf(job) is { } owner)
        {
            return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof}), which would run it again: delete it there");
        }

        var own = RerunJob.IsOfCronJob(job);
        return Proposal.Act(
            $"deletes {request.Target}", new DeleteEffect(ActionTools.AddressOf(request.Target), job.Uid(), AnyOwner: own));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var job = await tools.ReadAsync(target, cancellationToken);
        return job is null || job.Uid() != ((DeleteEffect)image.Steps[0]).Uid
            ? EffectCheck.Yes("the Job is gone")
            : EffectCheck.NotYet("the Job is still there");
    }
}
