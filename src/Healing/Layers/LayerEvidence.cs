using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>
/// What stands below the nodes of a target, and which nodes stand on it: node -> domain -> host and pools. Part of an
/// <see cref="EvidenceBundle"/>; null there when there are no libvirt hosts, or no cluster.
/// </summary>
public sealed record LayerEvidence
{
    /// <summary>Of the target when it is a node, else of those nodes of its pods that are not ready.</summary>
    public IReadOnlyList<NodeLayers> Below { get; init; } = [];

    /// <summary>The nodes that the target (a virtual machine, or all that run on a host) is.</summary>
    public IReadOnlyList<NodeAbove> Above { get; init; } = [];

    /// <summary>What the layers below mean for the incident of this target.</summary>
    public LayerVerdict Verdict { get; init; } = LayerVerdict.Stay;

    /// <summary>How long a node may take to be ready once its machine is healthy (setting <c>Heal:Layers:NodeReadyWithin</c>).</summary>
    public TimeSpan NodeReadyWithin { get; init; }
}

/// <summary>A node and the machine that it is.</summary>
/// <param name="Id">Cited by hypotheses.</param>
/// <param name="Ready">Of the node; null: it could not be asked.</param>
public sealed record NodeLayers(string Id, string Node, bool? Ready, NodeMapping Mapping)
{
    /// <summary>The domain's state and libvirt's reason for it; null when it was not looked at.</summary>
    public string? Domain { get; init; }

    /// <summary>Whether the host answers; null when it was not asked.</summary>
    public bool? HostAnswers { get; init; }

    /// <summary>The pools that the domain's disks lie in, with their states.</summary>
    public IReadOnlyList<PoolEvidence> Pools { get; init; } = [];

    /// <summary>The fault of the lowest layer that explains a node that is away; null: none was found.</summary>
    public MachineFault? Fault { get; init; }

    /// <summary>False: the settings keep the healer from caring for this machine. See <see cref="MachineEvidence"/>'s autonomy.</summary>
    public bool IsCaredFor { get; init; }

    /// <summary>The incident of the domain that is open; null when there is none.</summary>
    public string? OpenIncident { get; init; }

    /// <summary>Whose intent it is that the domain does not run, in words; null when it runs, or is off for another reason.</summary>
    public string? Meant { get; init; }

    /// <summary>Nobody can tell yet: in words why. Null when it is known.</summary>
    public string? Undecided { get; init; }
}

/// <summary>A node that a machine is.</summary>
/// <param name="Ready">Null: it could not be asked, or is not there any more.</param>
/// <param name="Pods">How many pods it carries; null when not counted.</param>
public sealed record NodeAbove(string Id, string Node, bool? Ready, string Reason, int? Pods, NodeMapping Mapping);

/// <summary>What an incident of an upper layer is to do.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LayerCourse>))]
public enum LayerCourse
{
    /// <summary>Nothing below explains it: the incident goes its way.</summary>
    Stay,

    /// <summary>Whether something below does will be known soon: look again before anything is done.</summary>
    Wait,

    /// <summary>A layer below is at fault: its incident goes on, this one ends.</summary>
    HandOver,

    /// <summary>Somebody wants the machine to be as it is, and so the node to be away: nothing is done about it.</summary>
    Leave,
}

/// <param name="Signal">What the watch of the layer below would say of its fault; null where its incident is open already.</param>
/// <param name="Target">What is at fault there. With <see cref="LayerCourse.HandOver"/> only.</param>
/// <param name="IncidentId">The incident below that is open; null where <paramref name="Signal"/> leads to it.</param>
public sealed record LayerVerdict(
    LayerCourse Course, string Reason, Signal? Signal = null, TargetReference? Target = null, string? IncidentId = null)
{
    public static LayerVerdict Stay { get; } = new(LayerCourse.Stay, "no layer below explains it");
}

/// <summary>What a look at the nodes above a machine showed.</summary>
/// <param name="AllReady">Null: at least one could not be seen, and none was seen not ready.</param>
public sealed record AboveLook(bool? AllReady, string Reason);
