using Heal.Simulator.Api;

namespace Heal.Simulator.Faults;

/// <summary>The faults in force, by name. At most <see cref="Limit"/> of them.</summary>
internal sealed class FaultBook : IDisposable
{
    public const int Limit = 1000;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, FaultDescription> _faults = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _used = new(StringComparer.Ordinal);
    private CancellationTokenSource _watches = new();
    private int _counter;

    /// <summary>Called after every change.</summary>
    public Action? Changed { get; set; }

    /// <summary>Cancelled when open watches are to be cut.</summary>
    public CancellationToken OpenWatches
    {
        get
        {
            lock (_gate)
                return _watches.Token;
        }
    }

    public IReadOnlyList<FaultDescription> All()
    {
        lock (_gate)
            return [.. _faults.Values];
    }

    public FaultDescription Add(FaultDescription fault)
    {
        if (fault.Problem() is { } problem)
            throw ApiException.BadRequest($"invalid fault: {problem}");
        lock (_gate)
        {
            if (fault.Name.Length == 0)
                fault = fault with { Name = $"fault-{++_counter}" };
            if (fault.Api?.Action == "dropWatches")
            {
                var open = _watches;
                _watches = new CancellationTokenSource();
                open.Cancel();
                return fault;
            }
            if (_faults.Count >= Limit && !_faults.ContainsKey(fault.Name))
                throw ApiException.BadRequest($"too many faults: the limit is {Limit}; remove some with DELETE /simulator/faults");
            _faults[fault.Name] = fault;
            _used.Remove(fault.Name);
        }
        Changed?.Invoke();
        return fault;
    }

    public bool Remove(string name)
    {
        bool removed;
        lock (_gate)
            removed = _faults.Remove(name);
        if (removed)
            Changed?.Invoke();
        return removed;
    }

    public void Dispose() => _watches.Dispose();

    public void Clear()
    {
        lock (_gate)
            _faults.Clear();
        Changed?.Invoke();
    }

    /// <summary>The API faults that hit this request; each hit is counted, and a fault that has used up its count is gone.</summary>
    public IReadOnlyList<ApiEffect> Hit(string method, string path, bool isWatch, bool isStream)
    {
        var hits = new List<ApiEffect>();
        lock (_gate)
        {
            foreach (var fault in _faults.Values.Where(f => f.Api is not null).ToList())
            {
                var effect = fault.Api!;
                if (!Glob.Matches(effect.Method, method)
                    || !Glob.Matches(effect.Path, path)
                    || !effect.Concerns(isWatch, isStream))
                    continue;
                hits.Add(effect);
                var used = _used.GetValueOrDefault(fault.Name) + 1;
                _used[fault.Name] = used;
                if (effect.Count > 0 && used >= effect.Count)
                    _faults.Remove(fault.Name);
            }
        }
        return hits;
    }
}
