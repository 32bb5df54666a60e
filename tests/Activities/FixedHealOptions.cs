using Microsoft.Extensions.Options;

namespace Heal.Activities.Tests;

/// <summary>Settings that do not change.</summary>
internal sealed class FixedHealOptions(HealOptions options) : IOptionsMonitor<HealOptions>
{
    public HealOptions CurrentValue => options;

    public HealOptions Get(string? name) => options;

    public IDisposable? OnChange(Action<HealOptions, string?> listener) => null;
}
