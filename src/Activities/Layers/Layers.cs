using System.Collections.Concurrent;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.Options;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>
/// Stands above the realms and ties them: which machine a node is, how that machine does, and which nodes stand on a machine. Reads only.
/// Where one of the worlds is not there it asks nothing; what cannot be asked is said and changes nothing.
/// </summary>
public sealed class Layers
{
    private const int MaxAbove = 20;
    private const int MaxPods = 500;
    private const int MaxBelow = 3;

    /// <summary>For all that one question takes.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    /// <summary>A mapping that something is concluded from is not older than this.</summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(30);

    private readonly LayerMap _map;
    private readonly IKubernetesClient _client;
    private readonly MachineCollector _machines;
    private readonly IOpenIncidents _incidents;
    private readonly IOptionsMonitor<LayerOptions> _options;
    private readonly IOptionsMonitor<HealOptions> _heal;
    private readonly TimeProvider _time;

    internal Layers(
        LayerMap map, IKubernetesClient client, MachineCollector machines, IOpenIncidents incidents, IOptionsMonitor<LayerOptions> options,
        IOptionsMonitor<HealOptions> heal, TimeProvider time) =>
        (_map, _client, _machines, _incidents, _options, _heal, _time) = (map, client, machines, incidents, options, heal, time);

    /// <summary>Both worlds are there, and may know of each other.</summary>
    public bool IsOn => _map.IsOn;

    /// <summary>Which domain each node of the cluster is.</summary>
    public Task<IReadOnlyList<NodeMapping>> AllAsync(CancellationToken cancellationToken) => _map.AllAsync(null, cancellationToken);

    /// <summary>A node, the machine that it is, and how that does; null when the cluster has no node of this name.</summary>
    /// <exception cref="KubernetesUnreachableException">The cluster does not answer.</exception>
    public async Task<NodeLayers?> OfNodeAsync(string node, CancellationToken cancellationToken) =>
        await NodeAsync(node, cancellationToken) is { } live ? await BelowAsync(node, live.IsReady, cancellationToken) : null;

    /// <summary>From what a firing signal is about to the lowest layer at fault; the same when none below is.</summary>
    /// <param name="seen">Nodes that this batch of signals has looked at already: one look serves all of its signals.</param>
    internal async Task<TargetResolution> LowerAsync(
        TargetResolution found, Signal signal, ConcurrentDictionary<string, Lazy<Task<LayerVerdict?>>> seen,
        CancellationToken cancellationToken)
    {
        if (found.Target is not { } target || signal.Alert.Status != AlertStatus.Firing || !IsOn) return found;
        if ((target.Kind == TargetKinds.Node ? target.Name : found.Node) is not { } node) return found;
        try
        {
            using var limit = Limit(cancellationToken);
            var looking = seen.GetOrAdd(node, name => new Lazy<Task<LayerVerdict?>>(() => VerdictAsync(target.Cluster, name)));
            if (await looking.Value.WaitAsync(limit.Token) is not { } verdict)
            {
                return target.Kind == TargetKinds.Node && LayerPolicy.TellsOfAbsence(signal.Alert.Name)
                    ? await EchoAsync(found, node, limit.Token) : found;
            }

            return verdict.Course == LayerCourse.HandOver
                ? found with
                {
                    Target = verdict.Target, Reason = $"{found.Reason}; {verdict.Reason}", Below = verdict.Signal,
                    Through = $"about {target}: {verdict.Reason}",
                }
                : found;
        }
        catch (Exception e) when (Missing(e, cancellationToken) is { } gap)
        {
            return found with { Reason = $"{found.Reason}; {gap}" };
        }
    }

    /// <summary>The bundle with its layers, and what they mean for its target.</summary>
    internal async Task<EvidenceBundle> AddAsync(EvidenceBundle bundle, CancellationToken cancellationToken)
    {
        if (!IsOn || !bundle.Exists) return bundle;
        try
        {
            using var limit = Limit(cancellationToken);
            if (TargetKinds.IsOnHypervisor(bundle.Target.Kind))
            {
                var above = await AboveAsync(bundle.Target, limit.Token);
                return above.Count == 0 ? bundle : bundle with
                {
                    Layers = new LayerEvidence { Above = above, NodeReadyWithin = _options.CurrentValue.NodeReadyWithin },
                };
            }

            var below = new List<NodeLayers>();
            foreach (var (node, ready) in NodesOf(bundle)) below.Add(await BelowAsync(node, ready, limit.Token));
            return below.Count == 0 ? bundle : bundle with
            {
                Layers = new LayerEvidence
                {
                    Below = below, Verdict = LayerPolicy.Judge(bundle.Target, bundle.Pods, below, _time.GetUtcNow()),
                },
            };
        }
        catch (Exception e) when (Missing(e, cancellationToken) is { } gap)
        {
            return bundle with { Gaps = [.. bundle.Gaps, gap] };
        }
    }

    /// <summary>Whether nodes are ready that stand on a machine which is healthy again.</summary>
    internal async Task<AboveLook> LookAsync(IReadOnlyList<string> nodes, CancellationToken cancellationToken)
    {
        var looks = new List<(string Node, bool? Ready, string Reason)>();
        foreach (var node in nodes)
        {
            try
            {
                using var limit = Limit(cancellationToken);
                var live = await NodeAsync(node, limit.Token);
                looks.Add((node, live?.IsReady, live?.Reason ?? "it is not in the cluster any more"));
            }
            catch (Exception e) when (Missing(e, cancellationToken) is { } gap)
            {
                looks.Add((node, null, gap));
            }
        }

        var words = string.Join("; ", looks.Select(look => look.Ready switch
        {
            true => $"node {look.Node} is ready",
            false => $"node {look.Node} is not ready ({look.Reason})",
            null => $"whether node {look.Node} is ready could not be seen: {look.Reason}",
        }));
        bool? all = looks.Exists(look => look.Ready == false) ? false : looks.Exists(look => look.Ready is null) ? null : true;
        return new AboveLook(all, words);
    }

    // An alert of a node that was away and is not any more belongs to the incident of its machine that put it right.
    private async Task<TargetResolution> EchoAsync(TargetResolution found, string node, CancellationToken cancellationToken)
    {
        if ((await _map.OfNodeAsync(node, null, cancellationToken))?.Target is not { } machine) return found;
        var isRecent = await _incidents.LatestAsync(machine, cancellationToken) is { } latest
            && (latest.ClosedAt is not { } closed || _time.GetUtcNow() - closed <= _heal.CurrentValue.JoinWindow);
        if (!isRecent) return found;
        var words = $"node {node} is ready, and is {machine} on host {machine.Cluster}, which has an incident";
        return found with { Target = machine, Reason = $"{found.Reason}; {words}", Through = $"about {found.Target}: {words}" };
    }

    // Null: the node is ready, and nothing below it matters.
    private async Task<LayerVerdict?> VerdictAsync(string cluster, string node)
    {
        using var limit = Limit(CancellationToken.None);
        if (await NodeAsync(node, limit.Token) is not { } live) return LayerVerdict.Stay;
        if (live.IsReady) return null;
        var below = await BelowAsync(node, ready: false, limit.Token);
        return LayerPolicy.Judge(new TargetReference(cluster, TargetKinds.Node, "", node), [], [below], _time.GetUtcNow());
    }

    private async Task<NodeLayers> BelowAsync(string node, bool ready, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var mapping = await MappingAsync(node, null, cancellationToken);
        if (mapping.Target is not { } machine) return Plain(mapping);
        var seen = await _machines.CollectAsync(machine, cancellationToken);
        if (!ready)
        {
            // Nothing is concluded from what was true a while ago: the domain may be on another host since.
            var fresh = await MappingAsync(node, now - FreshFor, cancellationToken);
            if (fresh.Target is not { } moved) return Plain(fresh);
            if (fresh.Uuid != mapping.Uuid || moved != machine) seen = await _machines.CollectAsync(moved, cancellationToken);
            (mapping, machine) = (fresh, moved);
        }

        if (seen.Machine is not { } state || (state.Domain is { } domain && !Same(domain.Uuid, mapping.Uuid)))
        {
            return Plain(mapping) with { Undecided = ready ? null : "its domain is not where it was found a moment ago" };
        }

        var fault = ready ? null : LayerPolicy.Lowest(machine, mapping.Uuid!, state);
        return Plain(mapping) with
        {
            Domain = state.Domain is { } shown ? $"{shown.State} ({shown.Reason})" : null,
            HostAnswers = state.Host.Reachable,
            Pools = state.Pools,
            Fault = fault,
            IsCaredFor = seen.Autonomy.Level > Autonomy.Observe,
            OpenIncident = ready ? null : await OpenAsync(machine, cancellationToken),
            Meant = ready ? null : LayerPolicy.Meant(state),
            Undecided = ready || fault is not null ? null : LayerPolicy.Undecided(machine, state),
        };

        NodeLayers Plain(NodeMapping of) => new($"layer/{node}", node, ready, of);
    }

    private async Task<IReadOnlyList<NodeAbove>> AboveAsync(TargetReference target, CancellationToken cancellationToken)
    {
        if (target.Kind == TargetKinds.StoragePool) return [];
        var isDomain = target.Kind == TargetKinds.VirtualMachine;
        var above = new List<NodeAbove>();
        var all = await _map.AllAsync(_time.GetUtcNow() - FreshFor, cancellationToken);
        foreach (var mapping in all.Where(item => item.Host == target.Cluster && (!isDomain || item.Domain == target.Name)).Take(MaxAbove))
        {
            var live = await NodeAsync(mapping.Node, cancellationToken);
            var pods = isDomain ? await CountAsync(mapping.Node, cancellationToken) : null;
            above.Add(new NodeAbove(
                $"node/{mapping.Node}", mapping.Node, live?.IsReady, live?.Reason ?? "it is not in the cluster any more", pods, mapping));
        }

        return above;
    }

    private static IEnumerable<(string Node, bool Ready)> NodesOf(EvidenceBundle bundle)
    {
        if (bundle.Target.Kind == TargetKinds.Node)
        {
            return bundle.Nodes.Where(node => node.Name == bundle.Target.Name).Select(node => (node.Name, node.Ready));
        }

        var troubled = bundle.Pods.Where(pod => !pod.Ready && !pod.Terminating).Select(pod => pod.Node).ToHashSet(StringComparer.Ordinal);
        return bundle.Nodes.Where(node => !node.Ready && troubled.Contains(node.Name)).Take(MaxBelow).Select(node => (node.Name, false));
    }

    private async Task<NodeMapping> MappingAsync(string node, DateTimeOffset? notBefore, CancellationToken cancellationToken) =>
        await _map.OfNodeAsync(node, notBefore, cancellationToken)
        ?? new NodeMapping(node, MappingKind.Unknown, MappingWay.None, null, null, null, "the cluster does not list it");

    private async Task<string?> OpenAsync(TargetReference machine, CancellationToken cancellationToken) =>
        await _incidents.LatestAsync(machine, cancellationToken) is { ClosedAt: null } open ? open.Id : null;

    private async Task<NodeLook?> NodeAsync(string node, CancellationToken cancellationToken) =>
        await _client.TryGetAsync<Node>(null, node, cancellationToken) is { } live ? NodeLook.Of(live) : null;

    private async Task<int?> CountAsync(string node, CancellationToken cancellationToken)
    {
        try
        {
            var onNode = new ListOptions { FieldSelector = $"spec.nodeName={FieldSelector.Escape(node)}", Limit = MaxPods };
            return (await _client.ListAsync<Pod>(null, onNode, cancellationToken)).Items.Count;
        }
        catch (KubernetesApiException)
        {
            return null;
        }
    }

    private static CancellationTokenSource Limit(CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Deadline);
        return limit;
    }

    // What the layers cannot tell must not keep a signal or an incident from its way.
    private static string? Missing(Exception e, CancellationToken cancellationToken) => e switch
    {
        OperationCanceledException when !cancellationToken.IsCancellationRequested =>
            $"the layers below were not seen within {Deadline.TotalSeconds:0} s",
        KubernetesApiException or KubernetesUnreachableException or LibvirtException =>
            SafeText.Line($"the layers below could not be seen: {e.Message}", EvidenceLimits.MessageLength),
        _ => null,
    };

    private static bool Same(string? left, string? right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    private sealed record NodeLook(bool IsReady, string Reason)
    {
        public static NodeLook Of(Node node)
        {
            var ready = node.Status?.Condition("Ready");
            return new NodeLook(ready?.IsTrue == true, SafeText.Line(ready?.Reason ?? "no condition Ready", EvidenceLimits.FactLength));
        }
    }
}
