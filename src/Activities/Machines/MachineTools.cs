using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>What deals with machines works with.</summary>
internal sealed record MachineTools(ILibvirtHosts Hosts, IMachineMemory Memory, IOptionsMonitor<MachineOptions> Options, TimeProvider Time)
{
    /// <summary>Runs the commands that restart libvirtd; null: none can be run.</summary>
    public IHostCommands? Commands { get; init; }

    /// <summary>Proves that the guests of a host are dead; null: nothing can be proven.</summary>
    public FencingDesk? Fencing { get; init; }

    /// <summary>How much of a host may be given away.</summary>
    public PlacementLimits Limits { get; init; } = PlacementLimits.Default;
}

/// <summary>For a healer without libvirt hosts.</summary>
internal sealed class NoLibvirtHosts : ILibvirtHosts
{
    public IReadOnlyList<ILibvirtHost> All => [];

    public ILibvirtHost? Find(string name) => null;
}
