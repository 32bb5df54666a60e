using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>Where an incident is in its life.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Phase>))]
public enum Phase
{
    Collect,
    Detect,
    Diagnose,
    Plan,
    Wait,
    Approve,
    Recover,
    Verify,
    RollBack,
    Escalate,
    Learn,
    Closed,
}

/// <summary>How an incident ended. Few and honest.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OutcomeKind>))]
public enum OutcomeKind
{
    /// <summary>An action took effect and the target was seen healthy afterwards.</summary>
    Healed,

    /// <summary>An action took effect, did not help, and was undone; people were called.</summary>
    RolledBack,

    /// <summary>Nothing that may be done here helps or is allowed; people were called with the plan as advice.</summary>
    Escalated,

    /// <summary>The target shows no fault (any more), or what it shows is somebody's intent.</summary>
    NoActionNeeded,

    /// <summary>An action took effect, but whether it helped could not be seen.</summary>
    CouldNotVerify,

    /// <summary>Somebody else changed or removed the target meanwhile: theirs to finish.</summary>
    Superseded,

    /// <summary>The healer itself could not go on.</summary>
    Failed,

    /// <summary>The fault lies in a layer below: the incident of that one goes on, and nothing more was done here.</summary>
    HandedOver,
}
