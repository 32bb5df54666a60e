using System.Diagnostics.CodeAnalysis;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;

namespace DurableTask.Core.Payloads;

/// <summary>Puts the large payloads back into what a hub has read.</summary>
internal sealed class IncomingPayloads(IPayloadStore store)
{
    private readonly HashSet<string> _wanted = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, byte[]> _found = new Dictionary<string, byte[]>();

    /// <summary>Looks for tokens.</summary>
    public void Want(string? text)
    {
        if (PayloadToken.IdIn(text) is { } id)
        {
            _wanted.Add(id);
        }
    }

    public void Want(HistoryEvent entry) => Want(EventPayloads.Of(entry));

    /// <summary>Reads what is wanted; false, without asking anybody, when that is nothing.</summary>
    public async Task<bool> FindAsync(CancellationToken cancellationToken)
    {
        if (_wanted.Count > 0)
        {
            _found = await store.GetPayloadsAsync(_wanted, cancellationToken);
        }

        return _wanted.Count > 0;
    }

    /// <exception cref="PayloadStorageException">The payload is gone.</exception>
    [return: NotNullIfNotNull(nameof(text))]
    public string? PutInto(string? text) => PayloadToken.IdIn(text) is not { } id ? text
        : _found.TryGetValue(id, out var data) ? PayloadToken.Read(data)
        : throw new PayloadStorageException(Gone(id));

    /// <summary>As <see cref="PutInto(string?)"/>, but one that is gone is null, and said why.</summary>
    public string? TryPutInto(string? text, out string? gone)
    {
        gone = PayloadToken.IdIn(text) is { } id && !_found.ContainsKey(id) ? Gone(id) : null;
        return gone is null ? PutInto(text) : null;
    }

    /// <summary>An event whose payload is gone becomes an <see cref="UnreadableEvent"/>: it must not harm its neighbours.</summary>
    public HistoryEvent PutInto(HistoryEvent entry) => PayloadToken.IdIn(EventPayloads.Of(entry)) is not { } id ? entry
        : _found.TryGetValue(id, out var data) ? EventPayloads.With(entry, PayloadToken.Read(data))
        : new UnreadableEvent(Gone(id), isDamaged: true);

    private static string Gone(string id) => $"The payload '{id}', which was stored apart, is gone.";
}
