namespace Heal.Healing;

/// <summary>Containers are killed for memory. Going back helps when the change touched the limit; else more memory or a fix is
/// needed.</summary>
internal sealed class OutOfMemoryRule : IDiagnosisRule
{
    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        if (symptoms.Starved.Count == 0) return Finding.Reject(Causes.OutOfMemory, "no container was killed for memory");

        var evidence = symptoms.Starved.Select(found => found.Container.Id);
        var name = symptoms.Starved[0].Container.Name;
        var limit = symptoms.Starved[0].Container.Resources.FirstOrDefault(item => item.Resource == "memory")?.Limit;
        var limits = change.MayExplain ? change.Touching("resources") : [];
        return limits.Count > 0
            ? Finding.Accept(Causes.OutOfMemoryAfterTemplateChange, 0.85,
                $"container '{name}' is killed for memory since {change.Describe(limits)}",
                evidence.Append(change.Change!.Id).Concat(limits.Select(item => item.Id)))
            : Finding.Accept(Causes.OutOfMemory, 0.75,
                $"container '{name}' is killed for memory, and its limit{(limit is null ? "" : $" of {limit}")} was not changed", evidence);
    }
}
