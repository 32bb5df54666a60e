using Microsoft.Extensions.Configuration;
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
    private const string Key = $"{HealOptions.Section}:{nameof(HealOptions.KillSwitch)}";

    /// <summary>
    /// True when any source of the configuration switches it on. A brake must not depend on which source outranks which: a "false" in
    /// the environment would make the file void that an operator writes in a hurry.
    /// </summary>
    public static bool IsOnAnywhere(IConfiguration configuration) =>
        configuration is IConfigurationRoot root
        && root.Providers.Any(static provider => provider.TryGet(Key, out var value) && bool.TryParse(value, out var isOn) && isOn);

    public string? Objection() => options.CurrentValue.KillSwitch ? $"the kill switch ({HealOptions.Section}:KillSwitch) is on" : null;
}
