using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Asked right before every write to a target.</summary>
public interface ISafetySwitch
{
    /// <summary>Why nothing may be changed now; null when it may.</summary>
    string? Objection();
}

/// <summary>The global kill switch of the configuration, which is read anew each time.</summary>
internal sealed class KillSwitch(IOptionsMonitor<HealOptions> options) : ISafetySwitch
{
    public string? Objection() => options.CurrentValue.KillSwitch ? $"the kill switch ({HealOptions.Section}:KillSwitch) is on" : null;
}
