namespace Heal.Activities;

/// <summary>The members of the store behind the API server.</summary>
internal interface IEtcd
{
    /// <summary>All members as they are now, those that do not answer included.</summary>
    /// <exception cref="EtcdException">None answers, or the members are others than the settings say.</exception>
    Task<IReadOnlyList<EtcdMember>> MembersAsync(CancellationToken cancellationToken);

    /// <summary>Lets a member give back the room that it does not need. It answers nobody meanwhile.</summary>
    /// <exception cref="EtcdException">It did not, or that is not known.</exception>
    Task DefragmentAsync(string endpoint, CancellationToken cancellationToken);
}

/// <param name="Bytes">Of its file.</param>
/// <param name="BytesInUse">Of what is in it.</param>
/// <param name="Objection">Why it counts as not healthy; null when it is.</param>
internal sealed record EtcdMember(string Endpoint, long Bytes, long BytesInUse, bool IsLeader, string? Objection);

/// <summary>A member of etcd failed; whether it did what was asked is not known.</summary>
internal sealed class EtcdException(string detail) : Exception($"etcd: {detail}");
