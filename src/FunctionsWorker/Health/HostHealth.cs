using System.Collections.Concurrent;

namespace Microsoft.Azure.Functions.Worker.Health;

/// <summary>A dependency that is asked when somebody wants to know; one that is missing throws.</summary>
internal interface IDependencyProbe
{
    string Dependency { get; }

    Task CheckAsync(CancellationToken cancellationToken);
}

/// <summary>
/// What the host depends on, and what is missing right now. Listeners report what they meet; probes are asked, each for at most 3 s.
/// </summary>
internal sealed class HostHealth(IEnumerable<IDependencyProbe> probes, TimeProvider time)
{
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, string?> _reported = new(StringComparer.Ordinal);

    /// <returns>True when this is a change for the better or the worse, or the first word about it.</returns>
    public bool Report(string dependency, string? fault)
    {
        bool isNew = !_reported.TryGetValue(dependency, out string? before) || (before is null) != (fault is null);
        _reported[dependency] = fault;
        return isNew;
    }

    public async Task<IReadOnlyList<MissingDependency>> MissingAsync(CancellationToken cancellationToken)
    {
        IEnumerable<MissingDependency> reported =
            from dependency in _reported
            where dependency.Value is not null
            select new MissingDependency(dependency.Key, dependency.Value);
        MissingDependency?[] probed = await Task.WhenAll(probes.Select(p => ProbeAsync(p, cancellationToken)));
        return [.. reported.Concat(probed.OfType<MissingDependency>()).OrderBy(static m => m.Dependency, StringComparer.Ordinal)];
    }

    private async Task<MissingDependency?> ProbeAsync(IDependencyProbe probe, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await probe.CheckAsync(limit.Token).WaitAsync(ProbeTimeout, time, cancellationToken);
            return null;
        }
        catch (Exception exception)
        {
            await limit.CancelAsync();
            // The message may hold addresses and user names: this is for anybody who asks, the log has the rest.
            string reason = exception is TimeoutException
                ? $"no answer within {ProbeTimeout}"
                : exception.GetBaseException().GetType().Name;
            return new(probe.Dependency, reason);
        }
    }
}

internal sealed record MissingDependency(string Dependency, string Reason);
