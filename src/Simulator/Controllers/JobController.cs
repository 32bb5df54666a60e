using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>
/// Runs Jobs, one pod at a time: until as many have succeeded as asked, more have failed than the limit allows, or a rule of the Job says
/// so. A suspended Job has no pods, and one that another controller manages is left to it.
/// </summary>
internal sealed class JobController(Registry registry, EventRecorder events) : IController
{
    private const string Component = "job-controller";
    private const string Index = "batch.kubernetes.io/job-completion-index";

    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        if (changed.Type == ResourceCatalog.Jobs)
            return [changed.Key];
        return changed.Type == ResourceCatalog.Pods && changed.Json.ControllerReference() is { } owner && owner.Text("kind") == "Job"
            ? [new ObjectKey(ResourceCatalog.Jobs, changed.Key.Namespace, owner.Text("name") ?? "")] : [];
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json is not { } job || job.IsDeleting()
            || job.Text("spec", "managedBy") is not (null or "kubernetes.io/job-controller"))
            return null;
        var pods = registry.Store.List(ResourceCatalog.Pods, key.Namespace).Items.Select(p => p.Json)
            .Where(p => p.IsControlledBy(job)).ToList();
        var end = JobEnd.Of(job, pods);
        var isOver = end is not null || Conditions.IsTrue(job, "Complete") || Conditions.IsTrue(job, "Failed");
        var isSuspended = job.Flag("spec", "suspend") == true;
        if (isOver || isSuspended)
            Stop(pods);
        else if (!pods.Exists(p => JobEnd.IsActive(p) || p.IsDeleting()))
            Start(key, job, pods);
        WriteStatus(key, end, isSuspended);
        return null;
    }

    private void Stop(List<JsonObject> pods)
    {
        foreach (var pod in pods.Where(JobEnd.IsActive))
            registry.Delete(new ObjectKey(ResourceCatalog.Pods, pod.Namespace(), pod.Name()), new DeleteOptions());
    }

    private void Start(ObjectKey key, JsonObject job, List<JsonObject> pods)
    {
        long? index = job.Text("spec", "completionMode") == "Indexed" ? JobEnd.NextIndex(job, pods) : null;
        var made = registry.Create(ResourceCatalog.Pods, key.Namespace, NewPod(job, index), WriteContext.Controllers);
        events.Normal(job, Component, "SuccessfulCreate", $"Created pod: {made.Key.Name}");
    }

    private void WriteStatus(ObjectKey key, JobEnd? end, bool isSuspended) => registry.Update(key.Type, key.Namespace, key.Name, o =>
    {
        var pods = registry.Store.List(ResourceCatalog.Pods, key.Namespace).Items.Select(p => p.Json)
            .Where(p => p.IsControlledBy(o)).ToList();
        var (status, now) = (o.Ensure("status"), registry.Clock.Timestamp());
        status["active"] = pods.Count(JobEnd.IsActive);
        status["ready"] = pods.Count(p => JobEnd.IsActive(p) && Conditions.IsTrue(p, "Ready"));
        status["terminating"] = pods.Count(p => p.IsDeleting());
        status["succeeded"] = pods.Count(JobEnd.HasSucceeded);
        status["failed"] = pods.Count(JobEnd.HasFailed);
        if (end?.FailedIndexes is { } indexes)
            status["failedIndexes"] = indexes;
        if (isSuspended || Conditions.Find(o, "Suspended") is not null)
            Conditions.Set(o, "Suspended", isSuspended, isSuspended ? "JobSuspended" : "JobResumed", null, now);
        if (end is null)
            return o;
        // First what will become of it; that it has become so once no pod of it is left running.
        Conditions.Set(o, end.IsSuccess ? "SuccessCriteriaMet" : "FailureTarget", true, end.Reason, end.Message, now);
        if (!pods.Exists(p => JobEnd.IsActive(p) || p.IsDeleting()))
            Conditions.Set(o, end.IsSuccess ? "Complete" : "Failed", true, end.Reason, end.Message, now);
        return o;
    }, WriteContext.ControllerStatus);

    private static JsonObject NewPod(JsonObject job, long? index)
    {
        var pod = job.Object("spec", "template")?.Copy() ?? [];
        var meta = pod.Meta();
        meta["generateName"] = index is null ? $"{job.Name()}-" : string.Create(CultureInfo.InvariantCulture, $"{job.Name()}-{index}-");
        var labels = meta.Ensure("labels");
        foreach (var prefix in new[] { "", "batch.kubernetes.io/" })
        {
            labels[$"{prefix}job-name"] = job.Name();
            labels[$"{prefix}controller-uid"] = job.Uid();
        }
        if (index is not null)
        {
            var number = string.Create(CultureInfo.InvariantCulture, $"{index}");
            labels[Index] = number;
            meta.Ensure("annotations")[Index] = number;
        }
        meta["ownerReferences"] = new JsonArray(Metadata.ReferenceTo(job, controller: true));
        return pod;
    }
}
