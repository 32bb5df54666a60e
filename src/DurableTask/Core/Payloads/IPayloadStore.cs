namespace DurableTask.Core.Payloads;

/// <summary>
/// Where a hub keeps large payloads apart. A payload is stored before what refers to it, and removed with its instance; one that nothing
/// of its instance refers to any more (or ever did, because its turn was not stored) is removed after <see cref="Grace"/>.
/// </summary>
public interface IPayloadStore
{
    /// <summary>How long an unused payload stays: much longer than the way from its storage to the commit that refers to it.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    /// <summary>Stores payloads; those that are there already are kept, and are young again.</summary>
    Task PutPayloadsAsync(IReadOnlyCollection<StoredPayload> payloads, CancellationToken cancellationToken = default);

    /// <summary>Reads payloads; those that are gone are missing from the answer.</summary>
    Task<IReadOnlyDictionary<string, byte[]>> GetPayloadsAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default);
}

/// <summary>A compressed payload of one instance.</summary>
/// <param name="Id">Made of the instance and the content: the same payload of the same instance is stored once.</param>
public sealed record StoredPayload(string Id, string InstanceId, byte[] Data);
