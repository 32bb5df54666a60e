using System.Collections.Concurrent;
using System.Data.Common;
using System.Text;
using DurableTask.Core;
using DurableTask.Core.Exceptions;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Tells a turn that a hub will never take (a text that cannot be stored, an id that is too long) from all else that may go wrong: a hub
/// that is away, full, locked or being migrated, a connection that broke. Only what is refused for its own content is proof against the
/// instance, and after five refusals the instance is hopeless; everything else is tried for as long as it takes.
/// </summary>
internal sealed class UnstorableTurns
{
    private const int MaximumRefusals = 5;

    private readonly ConcurrentDictionary<string, int> _refusals = new(StringComparer.Ordinal);

    /// <param name="failure">What came of storing a turn, or of reading what it needs; not what the host's own code threw.</param>
    public bool IsHopeless(string instanceId, Exception failure) =>
        failure is PayloadStorageException
        || (IsRefusal(failure) && _refusals.AddOrUpdate(instanceId, 1, (_, count) => count + 1) >= MaximumRefusals);

    public void Forget(string instanceId) => _refusals.TryRemove(instanceId, out _);

    /// <summary>Why a hopeless instance ended. The text holds no control characters: they may be what could not be stored.</summary>
    public static FailureDetails Failure(Exception refusal) => new(
        refusal.GetType().FullName ?? refusal.GetType().Name,
        refusal is PayloadStorageException
            ? refusal.Message
            : $"A turn of this orchestration could not be stored, {MaximumRefusals} times, so it was ended: "
        + Printable(refusal.Message),
        IsNonRetriable: true);

    /// <summary>A text without what could not be stored, which may be in it.</summary>
    public static string Printable(string text) =>
        string.Concat(text.Where(letter => !char.IsControl(letter) && !char.IsSurrogate(letter)));

    /// <summary>True when something was refused for what it is, and not because the hub cannot store: texts that are no Unicode, which do
    /// not even leave the process; by the SQL standard's classes, data that cannot be what it should (22) and a limit of the store
    /// (54).</summary>
    public static bool IsOfContent(Exception failure) =>
        failure is EncoderFallbackException or DbException { SqlState: ['2', '2', ..] or ['5', '4', ..] };

    /// <summary>True when something was refused for its content, a value that no row may have included.</summary>
    public static bool IsRefusal(Exception? failure) =>
        failure is not null
        && (IsOfContent(failure) || failure is DbException { SqlState: CheckViolation } || IsRefusal(failure.InnerException));

    private const string CheckViolation = "23514";
}
