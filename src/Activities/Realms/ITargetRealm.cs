using System.Collections.Concurrent;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// One world of targets, with its own way of being asked: the cluster, or the libvirt hosts. Whoever deals with a target asks the realm of
/// its kind and no other, so that neither world is needed for the targets of the other.
/// </summary>
internal interface ITargetRealm
{
    /// <summary>Whether targets of a kind live here.</summary>
    bool Has(string kind);

    /// <summary>One resolver serves one batch of signals.</summary>
    ITargetResolver NewResolver();

    /// <summary>Looks at a target and brings back one whole bundle. Reads only.</summary>
    Task<EvidenceBundle> CollectAsync(TargetReference target);
}

/// <summary>From what a signal names to the object at fault. Reads only.</summary>
internal interface ITargetResolver
{
    /// <exception cref="Exception">It could not be asked: the signal waits and is tried again.</exception>
    Task<TargetResolution> ResolveAsync(TargetCandidate candidate, CancellationToken cancellationToken);
}

/// <summary>The realms of this program.</summary>
/// <param name="layers">Ties the realms; null: they know nothing of each other.</param>
internal sealed class TargetRealms(IEnumerable<ITargetRealm> realms, IOptionsMonitor<HealOptions> options, Layers? layers = null)
{
    private readonly List<ITargetRealm> _realms = [.. realms];

    /// <exception cref="InvalidOperationException">No realm has this kind, which a program without one of its realms would
    /// show.</exception>
    public ITargetRealm Of(string kind) => _realms.FirstOrDefault(realm => realm.Has(kind))
        ?? throw new InvalidOperationException($"Target kind '{SafeText.Line(kind, 60)}': expected a realm that has it, found none.");

    public SignalTargets NewResolver()
    {
        var settings = options.CurrentValue;
        return new SignalTargets(this, settings.NamesInAlerts(), layers)
        {
            Heartbeat = settings.Watchdog.Within is null ? null : settings.Watchdog.Alert,
        };
    }

    /// <summary>What a realm shows of a target, with the layers above and below it.</summary>
    public async Task<EvidenceBundle> CollectAsync(TargetReference target)
    {
        var seen = await Of(target.Kind).CollectAsync(target);
        return layers is null ? seen : await layers.AddAsync(seen, CancellationToken.None);
    }
}

/// <summary>The targets of one batch of signals: each realm's resolver is made once, and only when it is needed.</summary>
internal sealed class SignalTargets(TargetRealms realms, ClusterNames cluster, Layers? layers)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ITargetRealm, ITargetResolver> _resolvers = [];
    private readonly ConcurrentDictionary<string, Lazy<Task<LayerVerdict?>>> _below = new(StringComparer.Ordinal);

    /// <summary>The alert that always fires, when somebody waits for it: it names no fault. Null: nobody does.</summary>
    public string? Heartbeat { get; init; }

    /// <summary>What the signal names, before anybody was asked.</summary>
    public TargetIdentification Identify(Signal signal) =>
        signal.Target is not { } target ? Identify(signal.Alert)
        : signal.Source == SignalSource.Watch && TargetPolicy.WhyIgnored(signal.Alert.Name) is { } why
            ? new TargetIdentification(TargetVerdict.Ignored, null, why)
        : new TargetIdentification(TargetVerdict.Found, target, target.Rule);

    /// <summary>The target of a signal: what its realm says, or the layer below that is at fault.</summary>
    public async Task<TargetResolution> ResolveAsync(Signal signal, CancellationToken cancellationToken) =>
        await LowerAsync(await ResolveAsync(Identify(signal), cancellationToken), signal, cancellationToken);

    /// <summary>From what a signal is about to the layer below that is at fault; the same when none is.</summary>
    public async Task<TargetResolution> LowerAsync(TargetResolution found, Signal signal, CancellationToken cancellationToken) =>
        layers is null ? found : await layers.LowerAsync(found, signal, _below, cancellationToken);

    /// <summary>What its realm says of what a signal names.</summary>
    public async Task<TargetResolution> ResolveAsync(TargetIdentification named, CancellationToken cancellationToken) =>
        named.Candidate is { } candidate
            ? await ResolverOf(candidate.Kind).ResolveAsync(candidate, cancellationToken)
            : new TargetResolution(named.Verdict, null, named.Reason);

    // What lives on libvirt hosts is in no cluster, whatever the monitoring that saw it is called.
    private TargetIdentification Identify(Alert alert)
    {
        if (alert.Name == Heartbeat)
        {
            return new TargetIdentification(
                TargetVerdict.Ignored, null,
                $"'{alert.Name}' always fires: it proves that alerts arrive (Heal:Watchdog), and names no fault");
        }

        var named = TargetPolicy.Identify(alert, cluster.Cluster);
        return named.Candidate is { } candidate && !TargetKinds.IsOnHypervisor(candidate.Kind) && cluster.WhyForeign(alert) is { } why
            ? new TargetIdentification(TargetVerdict.Rejected, null, why) : named;
    }

    private ITargetResolver ResolverOf(string kind)
    {
        var realm = realms.Of(kind);
        lock (_gate)
        {
            if (!_resolvers.TryGetValue(realm, out var resolver)) _resolvers[realm] = resolver = realm.NewResolver();
            return resolver;
        }
    }
}
