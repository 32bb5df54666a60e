using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>Runs Jobs: one pod at a time, until as many have succeeded as asked, or more have failed than the limit allows.</summary>
internal sealed class JobController(Registry registry, EventRecorder events) : IController
{
    private const string Component = "job-controller";

    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        if (changed.Type == ResourceCatalog.Jobs)
            return [changed.Key];
        return changed.Type == ResourceCatalog.Pods && changed.Json.ControllerReference() is { } owner && owner.Text("kind") == "Job"
            ? [new ObjectKey(ResourceCatalog.Jobs, changed.Key.Namespace, owner.Text("name") ?? "")] : [];
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json is not { } job || job.IsDeleting())
            return null;
        var pods = registry.Store.List(ResourceCatalog.Pods, key.Namespace).Items.Select(p => p.Json)
            .Where(p => p.IsControlledBy(job)).ToList();
        var succeeded = pods.Count(p => p.Text("status", "phase") == "Succeeded");
        var failed = pods.Count(p => p.Text("status", "phase") == "Failed");
        var active = pods.Count - succeeded - failed;
        var complete = succeeded >= (job.Number("spec", "completions") ?? 1);
        var broken = failed > (job.Number("spec", "backoffLimit") ?? 6);
        if (!complete && !broken && active == 0 && job.Flag("spec", "suspend") != true)
        {
            var made = registry.Create(ResourceCatalog.Pods, key.Namespace, NewPod(job), WriteContext.Controllers);
            events.Normal(job, Component, "SuccessfulCreate", $"Created pod: {made.Key.Name}");
            active = 1;
        }
        registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            var status = o.Ensure("status");
            status["active"] = active;
            status["succeeded"] = succeeded;
            status["failed"] = failed;
            var now = registry.Clock.Timestamp();
            if (complete)
                Conditions.Set(o, "Complete", true, null, null, now);
            else if (broken)
                Conditions.Set(o, "Failed", true, "BackoffLimitExceeded", "Job has reached the specified backoff limit", now);
            return o;
        }, WriteContext.ControllerStatus);
        return null;
    }

    private static JsonObject NewPod(JsonObject job)
    {
        var pod = job.Object("spec", "template")?.Copy() ?? [];
        var meta = pod.Meta();
        meta["generateName"] = $"{job.Name()}-";
        var labels = meta.Ensure("labels");
        labels["job-name"] = job.Name();
        labels["controller-uid"] = job.Uid();
        meta["ownerReferences"] = new JsonArray(Metadata.ReferenceTo(job, controller: true));
        return pod;
    }
}
