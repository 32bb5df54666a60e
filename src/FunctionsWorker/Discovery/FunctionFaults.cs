namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>What is wrong with single functions, by their names, whose case does not matter.</summary>
internal sealed class FunctionFaults
{
    private readonly Dictionary<string, List<string>> _byFunction = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>One sentence each: where, what was found, what was expected.</summary>
    public IEnumerable<string> All => _byFunction.Values.SelectMany(static faults => faults);

    /// <summary>The functions that have a fault.</summary>
    public IReadOnlySet<string> Functions =>
        _byFunction.Where(static f => f.Value.Count > 0).Select(static f => f.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The faults of one function, to be read when all are known.</summary>
    public IReadOnlyList<string> About(string function) => _byFunction.GetValueOrDefault(function) ?? [];

    /// <summary>The faults of one function while they are looked for; what is added to them counts.</summary>
    public List<string> Of(string function)
    {
        if (!_byFunction.TryGetValue(function, out List<string>? faults))
        {
            _byFunction.Add(function, faults = []);
        }

        return faults;
    }
}
