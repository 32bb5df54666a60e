using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>Where a signal ended up.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RouteKind>))]
public enum RouteKind
{
    /// <summary>It opened an incident.</summary>
    Started,

    /// <summary>It joined the incident of its target.</summary>
    Joined,

    /// <summary>It needs no incident: by its nature, or resolved with none open.</summary>
    Ignored,

    /// <summary>No target could be identified.</summary>
    Rejected,
}

/// <summary>The output of the routing orchestration of one signal.</summary>
public sealed record RouteOutcome(string SignalId, RouteKind Kind, string? IncidentId, string? Target, string Reason);
