namespace Heal.Healing;

internal sealed class OutOfMemoryDetector(OutOfMemorySetting setting) : Detector<ObservedPod>(
    new DetectorInfo("out-of-memory", "ContainerOOMKilling", [TargetKinds.Pod],
        "The kernel killed a container for memory, `Kills` times within `Window`.",
        "Other exits, kills longer ago than `Window`, pods of Jobs."),
    setting)
{
    protected override Judgement Judge(ObservedPod pod, Look look)
    {
        if (pod.IsOfJob) return Judgement.None;
        var memory = look.Memory;
        foreach (var killed in pod.Containers.Where(c => c.LastExit is { IsOutOfMemory: true, At: not null }))
        {
            if (!memory.Samples.Any(sample => sample.At == killed.LastExit!.At)) memory = memory.With(killed.LastExit!.At!.Value, 1);
        }

        var recent = memory.Samples.Where(sample => look.Now - sample.At <= setting.Window).ToList();
        if (recent.Count == 0) return Judgement.None with { Memory = memory };
        var last = recent.Max(sample => sample.At);
        if (recent.Count < setting.Kills)
        {
            // A container shows its last end only. Those before it were counted by the process that told of them.
            return (look.Told is null ? Judgement.None : Judgement.Suspect(last + setting.Window)) with { Memory = memory };
        }

        var times = $"of pod {pod.Info.Name} was killed for memory, {recent.Count} times within {setting.Window}";
        // The status of a pod that was evicted afterwards names no container any more.
        var container = pod.Containers.FirstOrDefault(c => c.LastExit is { IsOutOfMemory: true })
            ?? (pod.Containers.Count > 0 ? pod.Containers[0] : null);
        var judged = container is null
            ? Judgement.Firing(last, $"a container {times}", $"OOMKilled at {last:u}; the pod's status names no container any more")
            : Judgement.Firing(
                last,
                $"container '{container.Name}' {times}",
                $"{container.Path}.lastState.terminated.reason: OOMKilled at {last:u}",
                $"{container.Path}.restartCount: {container.Restarts}");
        return judged.With("container", container?.Name).With("reason", "OOMKilled") with { Memory = memory };
    }
}
