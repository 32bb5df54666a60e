using Heal.Drivers.Libvirt;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>What deals with machines works with.</summary>
internal sealed record MachineTools(ILibvirtHosts Hosts, IMachineMemory Memory, IOptionsMonitor<MachineOptions> Options, TimeProvider Time)
{
    /// <summary>Runs the commands that restart libvirtd; null: none can be run.</summary>
    public IHostCommands? Commands { get; init; }
}

/// <summary>For a healer without libvirt hosts.</summary>
internal sealed class NoLibvirtHosts : ILibvirtHosts
{
    public IReadOnlyList<ILibvirtHost> All => [];

    public ILibvirtHost? Find(string name) => null;
}
