using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>How much an action can break, ascending.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RiskClass>))]
public enum RiskClass
{
    /// <summary>Reads only.</summary>
    R0,

    /// <summary>Reverses itself or is trivially safe.</summary>
    R1,

    /// <summary>Bounded effect on a service, reversible.</summary>
    R2,

    /// <summary>Capacity, topology or many workloads.</summary>
    R3,

    /// <summary>Data or fencing.</summary>
    R4,
}

/// <summary>How far the healer may go by itself, ascending. The default where nobody said anything is <see cref="Observe"/>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Autonomy>))]
public enum Autonomy
{
    /// <summary>Look and record; people get the diagnosis and the plan.</summary>
    Observe,

    /// <summary>As observe, and the plan is offered as advice.</summary>
    Advise,

    /// <summary>Act after a person approved.</summary>
    Approve,

    /// <summary>Act.</summary>
    Act,
}

/// <summary>The autonomy that holds for a target and where it was said.</summary>
/// <param name="Source">For example "annotation heal.internal/autonomy of Deployment web".</param>
public sealed record AutonomySetting(Autonomy Level, string Source);
