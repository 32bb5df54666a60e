using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Backs a volume up now, by the CronJob that its owner has written for that: which program, and where to, is the owner's to say. Takes
/// its time and the volume's throughput. Its inverse deletes the Job; what was written stays where the program put it. A full volume stays
/// as full as it is.
/// </summary>
internal sealed class BackupClaim : IRecipe
{
    /// <summary>By this label the owner of a CronJob says that it backs up the claims that its pods mount.</summary>
    public const string Mark = "heal.internal/backup";

    public ActionDescriptor Descriptor { get; } = new(
        "backup",
        RiskClass.R1,
        [Causes.VolumeFilling],
        [TargetKinds.PersistentVolumeClaim],
        [new ActionParameter("cronJob", ParameterKind.Text, "", null, null, "Which CronJob; empty: the only one for the claim.")],
        $"It is bound, and a CronJob with the label {Mark}=true mounts it, which is not suspended and of which no Job runs "
            + "now.",
        "The Job is complete. It stays, whatever ttlSecondsAfterFinished the CronJob gives its own.",
        "delete_backup_job",
        [
            new("", "persistentvolumeclaims", ["get"]), new("batch", "cronjobs", ["list"]),
            new("batch", "jobs", ["get", "list", "create", "delete"]),
        ])
    {
        ForOwned = true,
        LeavesFault = true,
        Summary = "Runs the backup of a volume now.",
        EffectWithin = TimeSpan.FromMinutes(30),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, named) = (request.Target, request.Parameters.Given("cronJob"));
        var claim = await tools.ReadAsync(target, cancellationToken);
        if (claim is null) return Proposal.Gone(target);
        if (claim.Text("status", "phase") != "Bound") return Proposal.Refuse($"it is {claim.Text("status", "phase")}, not Bound");
        var found = (await tools.ListAsync(Kinds.CronJob, target.Namespace, cancellationToken, $"{Mark}=true"))
            .Where(job => Mounts(job, target.Name) && (named is null || job.Name() == named)).ToList();
        if (found is not [var cron])
        {
            return Proposal.Refuse(Workloads.Invariant(
                $"{found.Count} CronJobs{(named is null ? "" : $" {named}")} with the label {Mark}=true mount it, one is expected"));
        }

        if (cron.IsTrue("spec", "suspend")) return Proposal.Refuse($"CronJob {cron.Name()} is suspended: its owner wants no backup now");
        var jobs = await tools.ListAsync(Kinds.Job, target.Namespace, cancellationToken);
        if (jobs.FirstOrDefault(job => IsOf(job, cron) && !job.HasCondition("Complete") && !job.HasCondition("Failed")) is { } running)
        {
            return Proposal.Refuse($"Job {running.Name()} of it runs now");
        }

        var address = ObjectAddress.Of(Kinds.Job, target.Namespace, RerunJob.NameOf(cron.Name(), "now", request.Key));
        return Proposal.Act($"backs {target} up by CronJob {cron.Name()}, as Job {address.Name}", new CreateEffect(address, Body(cron)));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var job = await tools.ReadAsync(((CreateEffect)image.Steps[0]).Address, cancellationToken);
        if (job.HasCondition("Complete")) return EffectCheck.Yes($"Job {job.Name()} is complete");
        return job.HasCondition("Failed")
            ? EffectCheck.Open($"Job {job.Name()} has failed: its logs say why") : EffectCheck.NotYet("it is not complete yet");
    }

    private static bool Mounts(JsonObject cron, string claim) =>
        cron.At("spec", "jobTemplate", "spec", "template", "spec").Items("volumes")
            .Any(volume => volume.Text("persistentVolumeClaim", "claimName") == claim);

    // By its controller, or made from it by this action before.
    private static bool IsOf(JsonObject job, JsonObject cron) =>
        job.Controller().Text("uid") == cron.Uid() || job.Annotation(Mark) == cron.Name();

    private static JsonObject Body(JsonObject cron)
    {
        var template = cron.At("spec", "jobTemplate")!.DeepClone().AsObject();
        var body = RerunJob.Unowned(new JsonObject
        {
            ["metadata"] = template["metadata"]?.DeepClone() ?? new JsonObject(), ["spec"] = template["spec"]!.DeepClone(),
        });

        // A Job that was deleted between two looks would be made again.
        (body["spec"] as JsonObject)?.Remove("ttlSecondsAfterFinished");
        var metadata = body["metadata"]!;
        if (metadata["annotations"] is not JsonObject annotations) metadata["annotations"] = annotations = new JsonObject();
        annotations[Mark] = cron.Name();
        return body;
    }
}
