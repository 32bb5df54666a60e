using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>What the manager's activities share: hosts by name, and what a refusal of libvirt means.</summary>
internal sealed class ManagedHosts(ILibvirtHosts hosts)
{
    public ILibvirtHosts Hosts => hosts;

    public IReadOnlyList<ILibvirtHost> All => hosts.All;

    /// <summary>
    /// Runs one step. A refusal of libvirt's becomes an answer, because a repetition would be refused too; that a host does not answer
    /// stays an exception, and the engine tries again.
    /// </summary>
    public async Task<VmStep> RunAsync(string host, Func<ILibvirtHost, Task<string>> step)
    {
        if (hosts.Find(host) is not { } found) return new VmStep(false, $"host '{host}' is not configured any more");
        try
        {
            return new VmStep(true, await step(found));
        }
        catch (LibvirtException e) when (!MayPass(e))
        {
            return new VmStep(false, $"libvirt refused: {SafeText.Line(e.Reason, EvidenceLimits.MessageLength)}");
        }
        catch (NotOursException e)
        {
            return new VmStep(false, e.Message);
        }
    }

    public ILibvirtHost Get(string host) =>
        hosts.Find(host) ?? throw new InvalidOperationException($"host '{host}' is not configured any more");

    public static bool MayPass(LibvirtException e) =>
        e is LibvirtUnreachableException or LibvirtTimeoutException or LibvirtBusyException;

    /// <summary>The domain of a definition; null when there is none.</summary>
    /// <exception cref="NotOursException">There is one with its uuid that does not carry its mark.</exception>
    public static async Task<DomainRecord?> FindOursAsync(ILibvirtHost host, string id, CancellationToken cancellationToken)
    {
        if (await host.Domains.FindAsync(VmIdentity.Uuid(id), cancellationToken) is not { } domain) return null;
        var mark = VmMark.Parse(await host.Domains.GetMetadataAsync(domain.Uuid, VmMark.Namespace, cancellationToken));
        return mark?.Definition == id ? domain : throw new NotOursException(host.Name, domain.Name, id);
    }
}

/// <summary>A domain has the uuid of a definition and not its mark: it is not touched.</summary>
internal sealed class NotOursException(string host, string domain, string id)
    : Exception($"domain '{domain}' on host '{host}' has the uuid of definition '{id}' and does not carry its mark: it is not touched");

/// <summary>The driver's records as the domain's.</summary>
internal static class VolumeRecords
{
    public static VolumeLocation ToLocation(this VolumeRecord volume) => new(volume.Pool, volume.Name, volume.Path, volume.Type == "block");
}
