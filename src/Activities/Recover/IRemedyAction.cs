using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// One thing that the healer can do to a target. <see cref="RunAsync"/> and <see cref="UndoAsync"/> are called at least once per key and
/// must
/// take effect at most once: intent in the ledger first, a write that carries the key and a precondition, then an effect check.
/// Exceptions mean "not known"; the caller tries again with the same key.
/// </summary>
public interface IRemedyAction
{
    ActionDescriptor Descriptor { get; }

    /// <summary>Why the action must not be done on this evidence; null when nothing speaks against it. Asked when planning, without side
    /// effects.</summary>
    string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters);

    Task<ActionResult> RunAsync(ActionRequest request, CancellationToken cancellationToken);

    /// <summary>Asks the cluster what <see cref="RunAsync"/> would change, by the same way, and changes nothing.</summary>
    Task<ActionResult> DryRunAsync(ActionRequest request, CancellationToken cancellationToken);

    /// <summary>Whether what an operation did still stands and still does what it was for. Reads only.</summary>
    Task<EffectLook> LookAsync(string key, TargetReference target, CancellationToken cancellationToken);

    /// <summary>What still needs the effect of an operation, for one that <see cref="ActionDescriptor.EndsWithNeed"/>; null: nothing any
    /// more. Reads only.</summary>
    Task<string?> NeedAsync(string key, TargetReference target, CancellationToken cancellationToken) =>
        Task.FromResult<string?>("it stays until its time limit");

    /// <summary>Puts back what the operation under <see cref="UndoRequest.UndoneKey"/> changed. Refused means that it had no effect, and
    /// nothing else: whoever ends an effect stops there.</summary>
    Task<ActionResult> UndoAsync(UndoRequest request, CancellationToken cancellationToken);
}

/// <param name="Verdict">Superseded when somebody else changed what the operation left.</param>
public sealed record EffectLook(VerificationVerdict Verdict, string Detail);

/// <summary>The actions of this program, by id.</summary>
public sealed class ActionCatalogue(IEnumerable<IRemedyAction> actions)
{
    private readonly Dictionary<string,
        IRemedyAction> _actions = actions.ToDictionary(action => action.Descriptor.Id, StringComparer.Ordinal);

    public IReadOnlyList<ActionDescriptor> Descriptors => [.. _actions.Values.Select(action => action.Descriptor)];

    /// <summary>Null when there is no such action.</summary>
    public IRemedyAction? Find(string id) => _actions.GetValueOrDefault(id);
}
