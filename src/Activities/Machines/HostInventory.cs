using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// What is known of one host and its domains, kept up by events and by looking at all of it. Every look is remembered in the store before
/// anything is concluded from it aloud, because whoever heals reads there what was heard. One caller at a time.
/// </summary>
public sealed class HostInventory
{
    /// <summary>Jobs of domains are asked for so much less often than their states.</summary>
    private const int JobsEvery = 4;

    /// <summary>A guest that was to be started elsewhere may be on its way there for so long.</summary>
    private static readonly TimeSpan MoveTakes = TimeSpan.FromMinutes(10);

    private readonly ILibvirtHost _host;
    private readonly MachineTools _tools;
    private readonly MachineBank _bank;
    private readonly DefinitionKeeper _definitions;
    private readonly Dictionary<string, MachineRecord> _records = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<MachineEvent>> _heard = new(StringComparer.Ordinal);
    private HypervisorEvidence? _lastLook;
    private DateTimeOffset? _seenAt;
    private int _looks;

    internal HostInventory(ILibvirtHost host, MachineTools tools, MachineBank bank) =>
        (_host, _tools, _bank, _definitions) = (host, tools, bank, new DefinitionKeeper(host, tools));

    /// <summary>Whether libvirt answered when it was asked last.</summary>
    public bool IsReachable => _lastLook is { Reachable: true };

    /// <summary>Reads what was known before this process began.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        _seenAt = await _tools.Memory.HostSeenAsync(_host.Name, cancellationToken);
        foreach (var record in await _tools.Memory.OfHostAsync(_host.Name, cancellationToken)) _records[record.Uuid] = record;
        await _definitions.LoadAsync(cancellationToken);
    }

    /// <summary>Takes in an event; <see cref="LookAtHeardAsync"/> looks at what it is about.</summary>
    public void Hear(HostEvent happened)
    {
        // Until it was lost the connection stood, and with it libvirt.
        if (happened is DisconnectedEvent) _seenAt = happened.At;
        if (happened is not DomainEvent about || MachineObserver.EventOf(happened) is not { } item) return;
        var uuid = about.Uuid.ToString();
        if (!_heard.TryGetValue(uuid, out var events)) _heard[uuid] = events = [];
        events.Insert(0, item);
    }

    /// <summary>Looks at the domains that something was heard of.</summary>
    public async Task<IReadOnlyList<Signal>> LookAtHeardAsync(CancellationToken cancellationToken)
    {
        if (_heard.Count == 0) return [];
        try
        {
            var found = new List<DomainRecord>();
            var gone = new List<string>();
            foreach (var uuid in _heard.Keys)
            {
                if (await _host.Domains.FindAsync(Guid.Parse(uuid), cancellationToken) is { } domain) found.Add(domain);
                else gone.Add(uuid);
            }

            return await LookAsync(found, gone, withJobs: false, cancellationToken);
        }
        catch (LibvirtException e) when (e is LibvirtUnreachableException or LibvirtTimeoutException)
        {
            // What was heard waits for the next look.
            return await LookAtSilenceAsync(e, cancellationToken);
        }
    }

    /// <summary>Looks at everything: what events have not told, because nobody heard them, shows here.</summary>
    public async Task<IReadOnlyList<Signal>> LookAtAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            var domains = await _host.Domains.ListAsync(cancellationToken);
            var there = domains.Select(domain => domain.Uuid.ToString()).ToHashSet(StringComparer.Ordinal);
            var gone = _records.Keys.Where(uuid => !there.Contains(uuid)).ToList();
            var signals = new List<Signal>(await LookAsync(domains, gone, withJobs: _looks++ % JobsEvery == 0, cancellationToken));
            signals.AddRange(await LookAtHostAsync(cancellationToken));
            _seenAt = _tools.Time.GetUtcNow();
            await _tools.Memory.KeepHostAsync(_host.Name, _seenAt.Value, _lastLook?.Identity, cancellationToken);
            return signals;
        }
        catch (LibvirtException e) when (e is LibvirtUnreachableException or LibvirtTimeoutException)
        {
            return await LookAtSilenceAsync(e, cancellationToken);
        }
    }

    private async Task<IReadOnlyList<Signal>> LookAsync(
        IReadOnlyList<DomainRecord> domains, IReadOnlyList<string> gone, bool withJobs, CancellationToken cancellationToken)
    {
        var (now, changed, faults) = (_tools.Time.GetUtcNow(), new List<MachineRecord>(),
            new List<(TargetReference, string, MachineFault?)>());
        var notes = new List<MachineFault>();
        var marks = new List<(DomainRecord Domain, MachineMark? Mark)>();
        var moves = (await _tools.Memory.MovesOfHostAsync(_host.Name, cancellationToken)).ToDictionary(move => move.Uuid);
        foreach (var domain in domains)
        {
            var uuid = domain.Uuid.ToString();
            var before = Before(domain, now);
            MachineEvidence seen;
            bool isInScope;
            try
            {
                (seen, var mark) = await SeeAsync(domain, before, withJobs, now, moves.GetValueOrDefault(uuid), cancellationToken);
                isInScope = mark is not null || IsInScope(_tools.Options.CurrentValue, domain.Name);
                marks.Add((domain, mark));
            }
            catch (LibvirtNotFoundException)
            {
                continue;
            }

            var after = Remember(seen, before, now);
            if (!_records.TryGetValue(uuid, out var known) || IsNews(known, after)) changed.Add(after);
            _records[uuid] = after;
            var target = new TargetReference(_host.Name, TargetKinds.VirtualMachine, "", domain.Name);
            var uid = $"{_host.Name}/{uuid}";
            var fault = isInScope ? MachineBank.FaultOf(target, uid, seen) : null;
            faults.Add((target, uid, fault));
            if (isInScope && _heard.TryGetValue(uuid, out var heard))
            {
                notes.AddRange(MachineNotes.Of(target, uid, seen.Domain!, heard, fault));
            }
        }

        await _tools.Memory.KeepAsync(changed, cancellationToken);
        foreach (var (domain, mark) in marks) await _definitions.KeepAsync(domain, mark, now, cancellationToken);
        await _tools.Memory.ForgetAsync(_host.Name, gone, cancellationToken);
        foreach (var uuid in moves.Keys.Intersect(gone)) await _tools.Memory.EndMoveAsync(_host.Name, uuid, now, cancellationToken);
        foreach (var uuid in gone)
        {
            if (_records.Remove(uuid, out var lost))
            {
                faults.Add((new TargetReference(_host.Name, TargetKinds.VirtualMachine, "", lost.Name), $"{_host.Name}/{uuid}", null));
            }

            _heard.Remove(uuid);
        }

        foreach (var domain in domains) _heard.Remove(domain.Uuid.ToString());
        return
        [
            .. notes.Select(note => _bank.Note(note, now)).OfType<Signal>(),
            .. faults.SelectMany(item => _bank.Look(item.Item1, item.Item2, item.Item3, now)),
        ];
    }

    // What was known, with what was heard since.
    private MachineRecord Before(DomainRecord domain, DateTimeOffset now)
    {
        var uuid = domain.Uuid.ToString();
        var known = _records.GetValueOrDefault(uuid)
            ?? new MachineRecord(
                _host.Name, uuid, domain.Name, "unknown", "unknown", null, null, null, MachineRecord.NoEvents, now);
        var told = _heard.TryGetValue(uuid, out var heard)
            ? known with { Events = [.. heard.Concat(known.Events).Take(MachineRecord.MaxEvents)] } : known;
        return told with { Events = told.EventsOf(domain.Id, now) };
    }

    private async Task<(MachineEvidence Seen, MachineMark? Mark)> SeeAsync(
        DomainRecord domain, MachineRecord before, bool withJobs, DateTimeOffset now, MachineMove? move,
        CancellationToken cancellationToken)
    {
        var reader = new MachineReader(_host, _tools, []);
        var (mark, operation) = await reader.MarksAsync(domain.Uuid, cancellationToken);
        var options = _tools.Options.CurrentValue;
        var described = MachineReader.Describe(domain, mark, operation, before, null, _seenAt);
        var seen = new MachineEvidence(now, _lastLook ?? Answering(now)) { Events = before.Events, Thresholds = options.Thresholds() };
        if (move is not null)
        {
            described = described with { Moved = await LeftCopies.SeeAsync(_tools.Hosts, move, cancellationToken) };

            // Somebody brought it home: from now on this copy is the one that counts.
            if (described is { RunId: not null, Moved.RunsThere: false } && now - move.At >= MoveTakes)
            {
                await _tools.Memory.EndMoveAsync(_host.Name, move.Uuid, now, cancellationToken);
                described = described with { Moved = null };
            }
        }

        if (withJobs && domain.State == DomainState.Running)
        {
            described = described with { Job = await reader.JobAsync(domain.Uuid, cancellationToken) };
        }

        if (described is { State: "paused", Reason: "io-error" })
        {
            var xml = await reader.DocumentAsync(domain, cancellationToken);
            var (disks, pools) = await reader.StorageAsync(domain, xml, cancellationToken);
            seen = seen with { Disks = disks, Pools = pools };
        }

        return (seen with { Domain = described }, mark);
    }

    private static MachineRecord Remember(MachineEvidence seen, MachineRecord before, DateTimeOffset now)
    {
        var domain = seen.Domain!;
        var stop = StopPolicy.Judge(seen);

        // Of a stop whose reason libvirt has forgotten since, what was seen when it happened stays.
        var stoppedBy = domain.RunId is not null || stop.Kind == StopKind.None ? null
            : domain.Reason == "unknown" ? before.StoppedBy
            : stop.Kind == StopKind.Intended && domain.Desired != MachineMark.Stopped ? stop.Reason : null;
        var ranAt = domain.RunId is null ? domain.RanAt : before.RunId == domain.RunId && before.RanAt is { } at ? at : now;
        return before with
        {
            Name = domain.Name, State = domain.State, Reason = domain.Reason, RunId = domain.LastRunId, RanAt = ranAt,
                StoppedBy = stoppedBy,
            SeenAt = now,
        };
    }

    private async Task<IReadOnlyList<Signal>> LookAtHostAsync(CancellationToken cancellationToken)
    {
        var (now, options) = (_tools.Time.GetUtcNow(), _tools.Options.CurrentValue);
        var reader = new MachineReader(_host, _tools, []);
        _lastLook = await reader.HostAsync(cancellationToken);
        if (!IsInScope(options, null)) return [];
        var seen = new MachineEvidence(now, _lastLook) { Thresholds = options.Thresholds() };
        var signals = new List<Signal>(Judge(new TargetReference(_host.Name, TargetKinds.Hypervisor, "", _host.Name), "host", seen, now));
        foreach (var pool in await reader.PoolsAsync(cancellationToken))
        {
            signals.AddRange(Judge(
                new TargetReference(_host.Name, TargetKinds.StoragePool, "", pool.Name), $"pool/{pool.Name}",
                    seen with { Pools = [pool] }, now));
        }

        return signals;
    }

    private async Task<IReadOnlyList<Signal>> LookAtSilenceAsync(LibvirtException e, CancellationToken cancellationToken)
    {
        var (now, options) = (_tools.Time.GetUtcNow(), _tools.Options.CurrentValue);
        _seenAt ??= now;
        if (_lastLook is null or { Reachable: true }) await _tools.Memory.KeepHostAsync(_host.Name, _seenAt.Value, null, cancellationToken);
        _lastLook = new HypervisorEvidence(
            $"host/{_host.Name}", _host.Name, false, SafeText.Line(e.Reason, EvidenceLimits.MessageLength), _seenAt, null, null, null,
                null, 0, 0,
            null)
        {
            Refuses = e is LibvirtNotAdmittedException,
            Maintenance = await new MachineReader(_host, _tools, []).MaintenanceAsync(cancellationToken),
        };
        return IsInScope(options, null)
            ? Judge(
                new TargetReference(_host.Name, TargetKinds.Hypervisor, "", _host.Name), "host",
                new MachineEvidence(now, _lastLook) { Thresholds = options.Thresholds() }, now)
            : [];
    }

    private IReadOnlyList<Signal> Judge(TargetReference target, string uid, MachineEvidence seen, DateTimeOffset now) =>
        _bank.Look(target, $"{_host.Name}/{uid}", MachineBank.FaultOf(target, $"{_host.Name}/{uid}", seen), now);

    // As with namespaces: whoever is allowed nothing anywhere is not looked after.
    private bool IsInScope(MachineOptions options, string? domain) =>
        options.Autonomy != Autonomy.Observe || options.Scope.ContainsKey(_host.Name)
        || (domain is not null && options.Scope.ContainsKey($"{_host.Name}/{domain}"));

    private HypervisorEvidence Answering(DateTimeOffset now) =>
        new($"host/{_host.Name}", _host.Name, true, null, now, null, null, null, null, 0, 0, null);

    private static bool IsNews(MachineRecord known, MachineRecord now) =>
        known.Name != now.Name || known.State != now.State || known.Reason != now.Reason || known.RunId != now.RunId
        || known.StoppedBy != now.StoppedBy || known.RanAt != now.RanAt || !ReferenceEquals(known.Events, now.Events);
}
