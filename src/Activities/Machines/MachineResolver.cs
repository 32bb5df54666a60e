using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Which configured host is meant, and which of them has the domain or pool. A host is known by its configured name, by the host of its
/// URI, or by the name that it gives itself. Reads only; one resolver serves one batch and asks each host for its name once.
/// </summary>
internal sealed class MachineResolver(MachineTools tools) : ITargetResolver
{
    private readonly Dictionary<string, Task<string?>> _names = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public async Task<TargetResolution> ResolveAsync(TargetCandidate candidate, CancellationToken cancellationToken)
    {
        var shown = SafeText.Line(candidate.Name, 100);
        if (tools.Hosts.All.Count == 0)
        {
            return Rejected($"the {candidate.Kind} '{shown}' lives on a libvirt host, and none is configured (setting Heal:Libvirt:Hosts)");
        }

        if (candidate.Kind == TargetKinds.Hypervisor)
        {
            var meant = await HostOfAsync(candidate.Name, cancellationToken);
            return meant is not null ? Found(meant, meant.Name, candidate.Rule)
                : Rejected($"no configured libvirt host is called '{shown}'; configured: {Names(tools.Hosts.All)}");
        }

        var named = candidate.Host is { } hint ? await HostOfAsync(hint, cancellationToken) : null;
        var matches = new List<Match>();
        var silent = new List<LibvirtException>();
        foreach (var host in named is not null ? [named] : tools.Hosts.All)
        {
            try
            {
                if (await FindAsync(host, candidate, cancellationToken) is { } match) matches.Add(match);
            }
            catch (LibvirtException e) when (e is LibvirtUnreachableException or LibvirtTimeoutException)
            {
                silent.Add(e);
            }
        }

        return matches.Count switch
        {
            1 => Found(matches[0].Host, candidate.Name, $"{candidate.Rule}; host {matches[0].Host.Name} has it"),
            > 1 => OfSeveral(candidate, matches),
            _ => silent.Count > 0
                ? await OfSilentAsync(candidate, silent, cancellationToken)
                : Rejected($"no {candidate.Kind} '{shown}' is on {(named is null ? "any configured host" : "host")} "
                    + $"{Names(named is null ? tools.Hosts.All : [named])}"),
        };

        TargetResolution Found(ILibvirtHost host, string name, string how) =>
            new(TargetVerdict.Found, new TargetReference(host.Name, candidate.Kind, "", name), how);
    }

    private static async Task<Match?> FindAsync(ILibvirtHost host, TargetCandidate candidate, CancellationToken cancellationToken)
    {
        if (candidate.Kind == TargetKinds.StoragePool)
        {
            return await host.Storage.FindPoolAsync(candidate.Name, cancellationToken) is { } pool
                ? new Match(host, pool.Uuid, pool.IsActive) : null;
        }

        return await host.Domains.FindAsync(candidate.Name, cancellationToken) is { } domain
            ? new Match(host, domain.Uuid, domain.Id is not null) : null;
    }

    // A migration leaves the definition of one and the same domain behind: the one that runs is meant.
    private static TargetResolution OfSeveral(TargetCandidate candidate, List<Match> matches)
    {
        var active = matches.Where(match => match.IsActive).ToList();
        if (candidate.Kind == TargetKinds.VirtualMachine && active is [var only] && matches.All(match => match.Uuid == only.Uuid))
        {
            return new TargetResolution(
                TargetVerdict.Found, new TargetReference(only.Host.Name, candidate.Kind, "", candidate.Name),
                $"{candidate.Rule}; it runs on host {only.Host.Name}, and is defined on {Names(matches.Select(match => match.Host))}");
        }

        return Rejected(
            $"{matches.Count} hosts have a {candidate.Kind} '{SafeText.Line(candidate.Name, 100)}': "
            + $"{Names(matches.Select(match => match.Host))}; "
            + "expected a label host or instance that says which");
    }

    // On a host that does not answer: what was last seen of it says whether it is there. Else the signal waits for the host.
    private async Task<TargetResolution> OfSilentAsync(
        TargetCandidate candidate, List<LibvirtException> silent, CancellationToken cancellationToken)
    {
        var known = candidate.Kind == TargetKinds.VirtualMachine ? await tools.Memory.NamedAsync(candidate.Name, cancellationToken) : [];
        var there = known.Where(record => silent.Exists(e => e.Host == record.Host)).ToList();
        return there is [var only]
            ? new TargetResolution(
                TargetVerdict.Found, new TargetReference(only.Host, candidate.Kind, "", candidate.Name),
                $"{candidate.Rule}; host {only.Host} had it when it was last seen, and does not answer")
            : throw silent[0];
    }

    private async Task<ILibvirtHost?> HostOfAsync(string hint, CancellationToken cancellationToken)
    {
        var name = MachineAddress.HostOf(hint);
        if ((tools.Hosts.Find(hint) ?? tools.Hosts.Find(name)) is { } exact) return exact;
        var matches = new List<ILibvirtHost>();
        foreach (var host in tools.Hosts.All)
        {
            if (Same(host.Uri.Host, name) || Same(await NameOfAsync(host, cancellationToken), name)) matches.Add(host);
        }

        return matches is [var one] ? one : null;
    }

    private Task<string?> NameOfAsync(ILibvirtHost host, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_names.TryGetValue(host.Name, out var asked)) _names[host.Name] = asked = AskAsync();
            return asked;
        }

        async Task<string?> AskAsync()
        {
            try
            {
                return (await host.GetInfoAsync(cancellationToken)).Hostname;
            }
            catch (LibvirtException)
            {
                return null;
            }
        }
    }

    private static bool Same(string? left, string right) =>
        !string.IsNullOrEmpty(left) && (string.Equals(left, right, StringComparison.OrdinalIgnoreCase)
            || string.Equals(left.Split('.')[0], right.Split('.')[0], StringComparison.OrdinalIgnoreCase)
                && !System.Net.IPAddress.TryParse(right, out _));

    private static string Names(IEnumerable<ILibvirtHost> hosts) => string.Join(", ", hosts.Select(host => host.Name));

    private static TargetResolution Rejected(string reason) => new(TargetVerdict.Rejected, null, reason);

    private sealed record Match(ILibvirtHost Host, Guid Uuid, bool IsActive);
}

/// <summary>The libvirt hosts and what lives on them.</summary>
internal sealed class MachineRealm(MachineTools tools, MachineCollector collector) : ITargetRealm
{
    /// <summary>For all reading of one bundle.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    public bool Has(string kind) => TargetKinds.IsOnHypervisor(kind);

    public ITargetResolver NewResolver() => new MachineResolver(tools);

    public async Task<EvidenceBundle> CollectAsync(TargetReference target)
    {
        using var limit = new CancellationTokenSource(Deadline, tools.Time);
        return await collector.CollectAsync(target, limit.Token);
    }
}
