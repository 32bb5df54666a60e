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
internal sealed class TargetRealms(IEnumerable<ITargetRealm> realms, IOptionsMonitor<HealOptions> options)
{
    private readonly List<ITargetRealm> _realms = [.. realms];

    /// <exception cref="InvalidOperationException">No realm has this kind, which a program without one of its realms would
    /// show.</exception>
    public ITargetRealm Of(string kind) => _realms.FirstOrDefault(realm => realm.Has(kind))
        ?? throw new InvalidOperationException($"Target kind '{SafeText.Line(kind, 60)}': expected a realm that has it, found none.");

    public SignalTargets NewResolver() => new(this, options.CurrentValue.Cluster);
}

/// <summary>The targets of one batch of signals: each realm's resolver is made once, and only when it is needed.</summary>
internal sealed class SignalTargets(TargetRealms realms, string cluster)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ITargetRealm, ITargetResolver> _resolvers = [];

    /// <summary>What the signal names, before anybody was asked.</summary>
    public TargetIdentification Identify(Signal signal) =>
        signal.Target is { } target
            ? new TargetIdentification(TargetVerdict.Found, target, target.Rule)
            : TargetPolicy.Identify(signal.Alert, cluster);

    public async Task<TargetResolution> ResolveAsync(TargetIdentification named, CancellationToken cancellationToken) =>
        named.Candidate is { } candidate
            ? await ResolverOf(candidate.Kind).ResolveAsync(candidate, cancellationToken)
            : new TargetResolution(named.Verdict, null, named.Reason);

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
