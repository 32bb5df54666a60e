using System.Collections.Concurrent;

namespace Microsoft.Azure.Functions.Worker.Health;

/// <summary>A dependency that is asked when somebody wants to know; one that is missing throws.</summary>
internal interface IDependencyProbe
{
    string Dependency { get; }

    Task CheckAsync(CancellationToken cancellationToken);
}

/// <summary>
/// What the host depends on, and what is missing right now. Listeners report what they meet; probes are asked, each for at most 3 s, once
/// for all who want to know at the time: an answer counts for <see cref="ProbeFreshness"/>, however many ask.
/// </summary>
internal sealed class HostHealth(IEnumerable<IDependencyProbe> probes, TimeProvider time)
{
    internal static readonly TimeSpan ProbeFreshness = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, string?> _reported = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private Task<MissingDependency[]>? _probing;
    private long _probed;

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
        MissingDependency[] probed = await SharedProbes().WaitAsync(cancellationToken);
        return [.. reported.Concat(probed).OrderBy(static m => m.Dependency, StringComparer.Ordinal)];
    }

    private Task<MissingDependency[]> SharedProbes()
    {
        lock (_gate)
        {
            if (_probing is null || (_probing.IsCompleted && time.GetElapsedTime(_probed) >= ProbeFreshness))
            {
                // Nobody's own: who asked first may leave before the answer.
                _probing = ProbeAllAsync();
            }

            return _probing;
        }
    }

    private async Task<MissingDependency[]> ProbeAllAsync()
    {
        MissingDependency?[] probed = await Task.WhenAll(probes.Select(ProbeAsync));
        Volatile.Write(ref _probed, time.GetTimestamp());
        return [.. probed.OfType<MissingDependency>()];
    }

    private async Task<MissingDependency?> ProbeAsync(IDependencyProbe probe)
    {
        using var limit = new CancellationTokenSource();
        try
        {
            await probe.CheckAsync(limit.Token).WaitAsync(ProbeTimeout, time, CancellationToken.None);
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
