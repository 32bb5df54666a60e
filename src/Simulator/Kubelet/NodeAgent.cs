using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Heal.Simulator.Api;
using Heal.Simulator.Controllers;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Kubelet;

/// <summary>The kubelet of all nodes: runs the containers of bound pods, reports their status, keeps their output.</summary>
internal sealed class NodeAgent(Registry registry, EventRecorder events, ContainerRunner runner, KubeletTimes times)
    : IController, IContainerLogs
{
    private readonly ConcurrentDictionary<string, PodState> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, string> _uids = [];
    private int _address;
    private int _rejudge;

    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        if (changed.Type == ResourceCatalog.Pods)
            return [changed.Key];
        if (changed.Type == ResourceCatalog.Nodes)
            return NodeLifecycleController.PodsOf(registry, changed.Key.Name);
        return changed.Type == ResourceCatalog.ConfigMaps || changed.Type == ResourceCatalog.Secrets
            ? registry.Store.List(ResourceCatalog.Pods, changed.Key.Namespace).Items.Where(p => Wakes(p.Json)).Select(p => p.Key) : [];
    }

    /// <summary>The faults in force have changed: running containers are judged again at their next turn.</summary>
    public void FaultsChanged() => Interlocked.Increment(ref _rejudge);

    public string? Read(string podUid, string container, bool previous)
        => _pods.TryGetValue(podUid, out var pod) ? pod.Containers.FirstOrDefault(c => c.Name == container)?.Log(previous) : null;

    public TimeSpan? Reconcile(ObjectKey key)
    {
        var pod = registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json;
        if (_uids.TryGetValue(key, out var known) && known != pod?.Uid())
        {
            _pods.TryRemove(known, out _);
            _uids.Remove(key);
        }
        // The kubelet of a node that is not ready does nothing, so that a pod that is being deleted there stays.
        if (pod?.Text("spec", "nodeName") is not { } node || !NodeLifecycleController.IsAlive(registry, node))
            return null;
        _uids[key] = pod.Uid();
        var state = _pods.GetOrAdd(pod.Uid(), _ => NewState(pod));
        if (pod.IsDeleting())
            return Stop(key, pod, state);
        if (pod.Text("status", "phase") is "Succeeded" or "Failed")
            return null;
        foreach (var container in state.Containers)
        {
            var spec = Spec(pod, container);
            if (state.Judged != _rejudge)
                runner.Rejudge(pod, spec, container);
            if (MayStart(state, container))
                runner.Step(pod, spec, container);
        }
        if (state.Containers.Where(c => !c.IsInit).All(c => c.Stage == ContainerStage.Done))
            state.Containers.FindAll(c => c.IsSidecar).ForEach(runner.EndSidecar);
        Resizing.Follow(pod, state);
        state.Judged = _rejudge;
        PodStatusWriter.Write(registry, key, state);
        var due = state.Containers.Where(c => c.Due is not null && c.Due > DateTimeOffset.MinValue).Select(c => c.Due!.Value).ToList();
        return due.Count == 0 ? Unblocked(state) : due.Min() - registry.Clock.Now;
    }

    /// <summary>A container whose turn came in this very pass, behind an init container, is stepped in the next one.</summary>
    private static TimeSpan? Unblocked(PodState state)
        => state.Containers.Exists(c =>
            c.Due == DateTimeOffset.MinValue && MayStart(state, c)) ? TimeSpan.Zero : null;

    /// <summary>Init containers come first in the list, in their order.</summary>
    private static bool MayStart(PodState state, ContainerState container)
        => state.Containers.TakeWhile(c => !ReferenceEquals(c, container)).Where(c => c.IsInit).All(c => c.HasPassed);

    private static bool Wakes(JsonObject pod)
        => pod.Items("status", "containerStatuses")
            .Any(s => s.Text("state", "waiting", "reason") is "ContainerCreating" or "CreateContainerConfigError");

    private static JsonObject Spec(JsonObject pod, ContainerState container)
        => pod.Items("spec", container.IsInit ? "initContainers" : "containers").First(c => c.Text("name") == container.Name);

    private PodState NewState(JsonObject pod)
    {
        _address++;
        var containers = pod.Items("spec", "initContainers")
            .Select(c => new ContainerState(c.Text("name") ?? "", isInit: true, c.Text("restartPolicy") == "Always"))
            .Concat(pod.Items("spec", "containers").Select(c => new ContainerState(c.Text("name") ?? "", isInit: false, isSidecar: false)));
        return new PodState([.. containers], $"10.244.{_address / 250 % 250}.{1 + (_address % 250)}", registry.Clock.Timestamp())
            { Judged = _rejudge };
    }

    private TimeSpan? Stop(ObjectKey key, JsonObject pod, PodState state)
    {
        if (state.StopAt is null)
        {
            state.StopAt = registry.Clock.Now + registry.Clock.ScaleSeconds(times.StopSeconds);
            foreach (var container in state.Containers.Where(c => c.Stage == ContainerStage.Running))
                events.Normal(pod, "kubelet", "Killing", $"Stopping container {container.Name}", $"spec.containers{{{container.Name}}}");
        }
        if (state.StopAt > registry.Clock.Now)
            return state.StopAt - registry.Clock.Now;
        if ((pod.Number("metadata", "deletionGracePeriodSeconds") ?? 0) > 0)
            registry.Delete(key, new DeleteOptions(GraceSeconds: 0, Uid: pod.Uid()));
        return null;
    }
}

/// <summary>What the node knows of one pod.</summary>
internal sealed class PodState(List<ContainerState> containers, string address, string startTime)
{
    public List<ContainerState> Containers { get; } = containers;
    public string Address { get; } = address;
    public string StartTime { get; } = startTime;
    public DateTimeOffset? StopAt { get; set; }
    public int Judged { get; set; }

    /// <summary>Why a resize cannot be done on this node; null when none is asked for, or it is done.</summary>
    public string? Infeasible { get; set; }
}
