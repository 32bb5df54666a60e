using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Asks one host for inventory and counters. Keeps which domains told counters the last time: one that stops telling them, while
/// it runs on, hangs.</summary>
public sealed class HostSampler(ILibvirtHost host, TimeProvider time)
{
    /// <summary>Domains that are asked for their job at one look; a look must not take longer than its period.</summary>
    private const int Jobs = 500;

    private HashSet<(Guid Uuid, int? Run)> _told = [];

    public string Host => host.Name;

    /// <summary>Never throws for a host that does not answer: the reading says so.</summary>
    public async Task<HostReading> ReadAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        try
        {
            HostInfo info = await host.GetInfoAsync(cancellationToken);
            IReadOnlyList<DomainRecord> domains = await host.Domains.ListAsync(cancellationToken);
            IReadOnlyList<PoolRecord> pools = await PoolsAsync(cancellationToken);
            (Dictionary<Guid, DomainStats> stats, bool timedOut) = await StatsAsync(cancellationToken);
            var readings = new List<DomainReading>(domains.Count);
            bool asksJobs = !timedOut;
            foreach (DomainRecord domain in domains)
            {
                (DomainReading reading, asksJobs) = await ReadAsync(
                    domain, stats.GetValueOrDefault(domain.Uuid), timedOut, asksJobs && readings.Count < Jobs, cancellationToken);
                readings.Add(reading);
            }

            _told = [.. domains.Where(domain => Tells(stats.GetValueOrDefault(domain.Uuid)) || _told.Contains((domain.Uuid, domain.Id)))
                .Select(domain => (domain.Uuid, domain.Id))];
            return new HostReading(
                host.Name, now, null,
                new HostSize(info.Cpus, Math.Min(info.MemoryBytes, info.KernelMemoryBytes ?? long.MaxValue), info.FreeMemoryBytes)
                {
                    NumaNodes = info.NumaNodes, FreeMemoryByNumaNode = info.FreeMemoryByNumaNode, Uptime = info.Uptime,
                },
                readings,
                [.. pools.Select(static pool => new PoolReading(pool.Name, pool.IsActive, pool.Capacity, pool.Allocation, pool.Available))],
                timedOut);
        }
        catch (LibvirtException e)
        {
            return HostReading.Lost(host.Name, now, SafeText.Line(e.Reason, EvidenceLimits.MessageLength));
        }
    }

    private async Task<(DomainReading Reading, bool AsksJobs)> ReadAsync(
        DomainRecord domain, DomainStats? stats, bool allTimedOut, bool asksJobs, CancellationToken cancellationToken)
    {
        bool hangs = domain.Id is not null && !Tells(stats) && _told.Contains((domain.Uuid, domain.Id));
        var numbers = new Dictionary<string, long>(StringComparer.Ordinal);
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, object value) in stats?.Values ?? new Dictionary<string, object>())
        {
            if (value is string text) texts[name] = text;
            else if (stats!.Whole(name) is { } number) numbers[name] = number;
        }

        JobReading? job = null;
        if (asksJobs && domain.Id is not null && !hangs)
        {
            (job, asksJobs) = await JobAsync(domain.Uuid, cancellationToken);
        }

        return (new DomainReading(
            domain.Uuid, domain.Name, (int)domain.State, domain.Reason, await MarkAsync(domain.Uuid, cancellationToken),
            hangs || (allTimedOut && domain.Id is not null && _told.Contains((domain.Uuid, domain.Id))), domain.MaxMemoryKib,
                domain.MemoryKib,
            domain.Vcpus, numbers, texts, job), asksJobs);
    }

    // What the emulator itself must be asked for: libvirt tells the rest also of one that hangs.
    private static bool Tells(DomainStats? stats) =>
        stats?.Values.Keys.Any(static key => key.StartsWith("block.0.rd.", StringComparison.Ordinal)) == true;

    private async Task<(Dictionary<Guid, DomainStats> Stats, bool TimedOut)> StatsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return ((await host.Domains.GetStatsAsync(cancellationToken)).ToDictionary(static stats => stats.Uuid), false);
        }
        catch (LibvirtTimeoutException)
        {
            return ([], true);
        }
        catch (LibvirtException e) when (e is not LibvirtUnreachableException)
        {
            return ([], false); // a driver without counters
        }
    }

    // A driver without storage has no pools.
    private async Task<IReadOnlyList<PoolRecord>> PoolsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await host.Storage.ListPoolsAsync(cancellationToken);
        }
        catch (LibvirtException e) when (e is not (LibvirtUnreachableException or LibvirtTimeoutException))
        {
            return [];
        }
    }

    private async Task<VmMark?> MarkAsync(Guid uuid, CancellationToken cancellationToken)
    {
        try
        {
            return VmMark.Parse(await host.Domains.GetMetadataAsync(uuid, VmMark.Namespace, cancellationToken));
        }
        catch (LibvirtException e) when (e is not (LibvirtUnreachableException or LibvirtTimeoutException))
        {
            return null; // gone meanwhile
        }
    }

    // After one that did not answer in time no other is asked: each would cost a deadline.
    private async Task<(JobReading? Job, bool GoOn)> JobAsync(Guid uuid, CancellationToken cancellationToken)
    {
        try
        {
            return await host.Domains.GetJobAsync(uuid, cancellationToken) is { } job
                ? (new JobReading(job.Operation, job.Elapsed, job.DataTotal, job.DataProcessed, job.DataRemaining), true)
                : (null, true);
        }
        catch (LibvirtTimeoutException)
        {
            return (null, false);
        }
        catch (LibvirtException e) when (e is not LibvirtUnreachableException)
        {
            return (null, true);
        }
    }
}
