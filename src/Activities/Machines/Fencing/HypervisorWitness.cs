using System.Globalization;
using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// The host's own libvirt, reached by another way than the one that does not answer: ends the guest where it still runs, keeps the host
/// from starting it at its next boot, and confirms that it is off. Believed only when the way leads to the same machine, by the uuid that
/// the host gave itself when it was last seen.
/// </summary>
internal sealed class HypervisorWitness(
    ILibvirtConnector connector, IMachineMemory memory, IOptionsMonitor<MachineOptions> options, TimeProvider time) : IFencingWitness
{
    public string Name => "hypervisor";

    public WitnessKind Kind => WitnessKind.Hypervisor;

    public bool Knows(string host) => UriOf(host).Length > 0;

    public async Task<Testimony> FenceAsync(FencingOrder order, CancellationToken cancellationToken)
    {
        var settings = new LibvirtHostOptions { Uri = UriOf(order.Host), CallTimeout = options.CurrentValue.Fencing.WitnessTimeout };
        await using var host = connector.Open($"{order.Host} (witness)", settings);
        try
        {
            await IdentifyAsync(host, order.Host, cancellationToken);
            var uuid = Guid.Parse(order.Uuid, CultureInfo.InvariantCulture);
            var found = await host.Domains.FindAsync(uuid, cancellationToken);
            if (found is { Autostart: true }) await host.Domains.SetAutostartAsync(uuid, false, cancellationToken);
            if (found is { Id: not null }) await host.Domains.DestroyAsync(uuid, cancellationToken: cancellationToken);
            var at = time.GetUtcNow();
            var now = await host.Domains.FindAsync(uuid, cancellationToken);
            if (now is { Id: not null }) throw new FencingException(Name, $"guest {order.Name} still runs ({now.State})");
            if (now is { Autostart: true }) throw new FencingException(Name, $"guest {order.Name} would be started when the host boots");
            var was = found is null ? "the host has no such guest"
                : found.Id is { } run ? string.Create(CultureInfo.InvariantCulture, $"run {run} of it was ended, and it is off")
                : "it is off";
            return new Testimony(found?.Id, was, at);
        }
        catch (LibvirtException e)
        {
            throw new FencingException(Name, SafeText.Line(e.Reason, EvidenceLimits.MessageLength), e);
        }
    }

    private async Task IdentifyAsync(ILibvirtHost host, string name, CancellationToken cancellationToken)
    {
        if (await memory.HostIdentityAsync(name, cancellationToken) is not { } known)
        {
            throw new FencingException(Name, $"host {name} never said its uuid: nobody can tell whether the other way leads to it");
        }

        var told = (await host.GetInfoAsync(cancellationToken)).HostUuid;
        if (told != known) throw new FencingException(Name, $"its URI leads to host {told}, and {name} is {known}");
    }

    private string UriOf(string host) => options.CurrentValue.Fencing.Hosts.GetValueOrDefault(host)?.HypervisorUri ?? "";
}
