using System.Globalization;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Says in the healer's terms what the driver saw.</summary>
public static class MachineObserver
{
    /// <summary>libvirt's state in lower case, as evidence has it.</summary>
    public static string StateOf(DomainRecord domain) => domain.State switch
    {
        DomainState.ShutOff => "shutoff",
        DomainState.ShuttingDown => "shutting-down",
        DomainState.NoState => "no-state",
        var state => state.ToString().ToLowerInvariant(),
    };

    /// <summary>An event as evidence; null when it is none of a domain, or says nothing of how the domain does.</summary>
    public static MachineEvent? EventOf(HostEvent happened) => happened switch
    {
        LifecycleEvent item => Of(item, item.Kind, item.Detail),
        WatchdogEvent item => Of(item, MachineEvents.Watchdog, item.Action),
        IoErrorEvent item => Of(item, MachineEvents.IoError, $"{item.Device} {item.Action} {item.Reason}".TrimEnd()),
        RebootEvent item => Of(item, MachineEvents.Reboot, ""),
        ControlErrorEvent item => Of(item, MachineEvents.ControlError, ""),
        BlockJobEvent item => Of(item, MachineEvents.BlockJob, $"{item.Type} of {item.Disk} {item.Status}"),
        DeviceRemovedEvent item => Of(item, MachineEvents.DeviceRemoved, item.Alias),
        AgentEvent item => Of(item, MachineEvents.Agent, item.Connected ? "connected" : "disconnected"),
        _ => null,
    };

    private static MachineEvent Of(DomainEvent happened, string kind, string detail) => new(
        string.Create(CultureInfo.InvariantCulture, $"event/{happened.At.ToUniversalTime():yyyyMMddTHHmmssfff}-{kind}"),
        happened.At, SafeText.Line(kind, 40), SafeText.Line(detail, EvidenceLimits.FactLength));
}
