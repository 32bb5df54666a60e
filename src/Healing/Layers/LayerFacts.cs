using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>What a node tells of the machine that it is.</summary>
/// <param name="SystemUuid"><c>status.nodeInfo.systemUUID</c>: the SMBIOS UUID that the kubelet read.</param>
/// <param name="MachineId"><c>status.nodeInfo.machineID</c>: of the installation, 32 hexadecimal digits.</param>
/// <param name="ProviderId"><c>spec.providerID</c>, as whoever made the node wrote it.</param>
/// <param name="Addresses">IP addresses; names do not count.</param>
public sealed record NodeFacts(string Name, string? SystemUuid, string? MachineId, string? ProviderId, IReadOnlyList<string> Addresses);

/// <summary>What a host tells of one of its domains.</summary>
/// <param name="Runs">False also when nobody can tell.</param>
public sealed record DomainFacts(string Host, string Uuid, string Name, bool Runs)
{
    /// <summary>Of its network interfaces.</summary>
    public IReadOnlyList<string> Macs { get; init; } = [];

    /// <summary>IP addresses that a network of the host reserves for these.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];
}

/// <summary>What the settings say of nodes and domains.</summary>
/// <param name="Nodes">By the name of the node: <c>host/domain</c>.</param>
/// <param name="DomainNames">Names of domains with <c>{node}</c> for the node's name, or <c>{short}</c> for its first part.</param>
public sealed record LayerRules(IReadOnlyDictionary<string, string> Nodes, IReadOnlyList<string> DomainNames)
{
    public static LayerRules None { get; } = new(new Dictionary<string, string>(StringComparer.Ordinal), []);
}

/// <summary>How sure it is which domain a node is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MappingKind>))]
public enum MappingKind
{
    /// <summary>No domain of a configured host is known to be this node.</summary>
    Unknown,

    /// <summary>Several may be: none is acted on.</summary>
    Ambiguous,

    Known,
}

/// <summary>The ways to know it, the most trusted first.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MappingWay>))]
public enum MappingWay
{
    None,
    Setting,
    SystemUuid,
    ProviderId,
    MachineId,
    Address,
    Name,
}

/// <summary>Which domain a node is.</summary>
/// <param name="Host">With <see cref="MappingKind.Known"/> only, as <paramref name="Domain"/> and <paramref name="Uuid"/>.</param>
/// <param name="Reason">In words: what matched, or why nothing is known for sure.</param>
public sealed record NodeMapping(
    string Node, MappingKind Kind, MappingWay Way, string? Host, string? Domain, string? Uuid, string Reason)
{
    [JsonIgnore]
    public TargetReference? Target =>
        Kind == MappingKind.Known ? new TargetReference(Host!, TargetKinds.VirtualMachine, "", Domain!) : null;
}
