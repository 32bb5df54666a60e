using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Microsoft.Extensions.Options;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>
/// Which node is which domain, for all nodes together, because two nodes that claim one domain show only then. Kept for
/// <see cref="LayerOptions.KeepFor"/>: a pass asks for the list of nodes once and each host for its domains once, and for documents only
/// when a node is not known by its ids.
/// </summary>
internal sealed class LayerMap(
    IKubernetesClient client, MachineTools tools, IOptionsMonitor<LayerOptions> options, TimeProvider time) : IDisposable
{
    /// <summary>Nodes that are mapped.</summary>
    public const int MaxNodes = 5_000;

    private readonly LayerFactsReader _reader = new(tools);
    private readonly SemaphoreSlim _one = new(1, 1);
    private (IReadOnlyList<NodeMapping> Mappings, DateTimeOffset At)? _kept;

    /// <summary>Both worlds are there, and may know of each other.</summary>
    public bool IsOn => options.CurrentValue.Enabled && client is not AbsentCluster && tools.Hosts.All.Count > 0;

    /// <param name="notBefore">What was found earlier than this does not count.</param>
    /// <exception cref="KubernetesUnreachableException">The cluster does not answer.</exception>
    /// <exception cref="KubernetesApiException">It refuses the list of its nodes.</exception>
    public async Task<IReadOnlyList<NodeMapping>> AllAsync(DateTimeOffset? notBefore, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (_kept is { } kept && now - kept.At < options.CurrentValue.KeepFor && !(kept.At < notBefore)) return kept.Mappings;
            var mappings = await ReadAsync(cancellationToken);
            _kept = (mappings, now);
            return mappings;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Of one node; null when the cluster has none of this name.</summary>
    public async Task<NodeMapping?> OfNodeAsync(string node, DateTimeOffset? notBefore, CancellationToken cancellationToken) =>
        (await AllAsync(notBefore, cancellationToken)).FirstOrDefault(mapping => mapping.Node == node);

    public void Dispose() => _one.Dispose();

    private async Task<IReadOnlyList<NodeMapping>> ReadAsync(CancellationToken cancellationToken)
    {
        var rules = options.CurrentValue.Rules();
        var nodes = await client.ListAsync<Node>(null, new ListOptions { Limit = MaxNodes }, cancellationToken);
        IReadOnlyList<NodeFacts> facts = [.. nodes.Items.Select(LayerFactsReader.Of)];
        var (domains, silent) = await _reader.DomainsAsync(cancellationToken);
        var found = LayerMapping.Of(facts, domains, rules);
        if (found.All(mapping => mapping.Kind != MappingKind.Unknown)) return found;
        return LayerMapping.Of(facts, await _reader.WithAddressesAsync(domains, silent, cancellationToken), rules);
    }
}
