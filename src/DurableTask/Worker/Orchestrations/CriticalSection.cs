namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>The entities that an orchestration asked to lock, and what it may do meanwhile.</summary>
internal sealed class CriticalSection(string id, IReadOnlyList<string> entities)
{
    private readonly HashSet<string> _available = new(StringComparer.Ordinal);
    private bool _isEntered;

    /// <summary>The id of the lock request.</summary>
    public string Id => id;

    /// <summary>All entities of the section, in the order in which they are locked.</summary>
    public IReadOnlyList<string> Entities => entities;

    /// <summary>Those that can be called now: locked, and no call to them is open.</summary>
    public IEnumerable<string> Available => entities.Where(_available.Contains);

    /// <summary>All locks were granted.</summary>
    public void Enter()
    {
        _isEntered = true;
        _available.UnionWith(entities);
    }

    /// <exception cref="InvalidOperationException">The call is against the rules of critical sections.</exception>
    public void BeginCall(string entity)
    {
        if (!_available.Remove(entity))
        {
            throw new InvalidOperationException(
                !_isEntered ? $"Must await the lock before calling an entity, here '{entity}'."
                : entities.Contains(entity, StringComparer.Ordinal)
                    ? $"Must not call entity '{entity}' from a critical section while a call to it is still open: await that one first."
                    : $"Must not call entity '{entity}' from a critical section that did not lock it: name it in LockEntitiesAsync.");
        }
    }

    public void EndCall(string entity) => _available.Add(entity);

    /// <exception cref="InvalidOperationException">The signal is against the rules of critical sections.</exception>
    public void RequireSignalAllowed(string entity)
    {
        if (entities.Contains(entity, StringComparer.Ordinal))
        {
            throw new InvalidOperationException(
                $"Must not signal entity '{entity}' from the critical section that has it locked: call it instead.");
        }
    }
}
