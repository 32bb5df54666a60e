using System.Runtime.InteropServices;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>Metadata, disks, devices, sizes.</summary>
internal sealed unsafe partial class Domains
{
    private const int MetadataElement = 2;
    private const uint Maximum = 4;

    public Task<string?> GetMetadataAsync(Guid uuid, string ns, CancellationToken cancellationToken = default)
    {
        Arguments.Name(host.Name, "namespace", ns);
        return On(
            "virDomainGetMetadata", uuid,
            domain =>
            {
                // what a person wrote with --config only is not in the running domain yet
                var scope = ScopeOf(domain);
                return ((scope & Live) != 0 ? Metadata(domain, ns, Live) : null)
                    ?? ((scope & Config) != 0 ? Metadata(domain, ns, Config) : null);
            },
            cancellationToken);
    }

    public Task SetMetadataAsync(Guid uuid, string ns, string prefix, string? xml, CancellationToken cancellationToken = default)
    {
        Arguments.Name(host.Name, "namespace", ns);
        Arguments.Name(host.Name, "prefix", prefix);
        if (xml is not null)
            Arguments.Document(host.Name, "metadata element", xml);
        return On(
            "virDomainSetMetadata", uuid,
            domain => LibvirtApi.virDomainSetMetadata(domain, MetadataElement, xml, prefix, ns, ScopeOf(domain)), cancellationToken);
    }

    public Task<IReadOnlyList<DiskError>> GetDiskErrorsAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        On("virDomainGetDiskErrors", uuid, DiskErrors, cancellationToken);

    public Task<BlockInfo> GetBlockInfoAsync(Guid uuid, string disk, CancellationToken cancellationToken = default)
    {
        Arguments.Name(host.Name, "disk", disk);
        return On(
            "virDomainGetBlockInfo", uuid,
            domain =>
            {
                NativeBlockInfo info;
                NativeFault.Check(LibvirtApi.virDomainGetBlockInfo(domain, disk, &info, 0));
                return new BlockInfo((long)info.Capacity, (long)info.Allocation, (long)info.Physical);
            },
            cancellationToken);
    }

    public Task AttachDeviceAsync(Guid uuid, string deviceXml, CancellationToken cancellationToken = default) => Device(
        "virDomainAttachDeviceFlags", uuid, deviceXml,
        domain => LibvirtApi.virDomainAttachDeviceFlags(domain, deviceXml, ScopeOf(domain)), cancellationToken);

    public Task DetachDeviceAsync(Guid uuid, string deviceXml, CancellationToken cancellationToken = default) => Device(
        "virDomainDetachDeviceFlags", uuid, deviceXml,
        domain => LibvirtApi.virDomainDetachDeviceFlags(domain, deviceXml, ScopeOf(domain)), cancellationToken);

    public Task UpdateDeviceAsync(Guid uuid, string deviceXml, CancellationToken cancellationToken = default) => Device(
        "virDomainUpdateDeviceFlags", uuid, deviceXml,
        domain => LibvirtApi.virDomainUpdateDeviceFlags(domain, deviceXml, ScopeOf(domain)), cancellationToken);

    public Task SetMemoryAsync(Guid uuid, long kibibytes, DomainScope scope, CancellationToken cancellationToken = default)
    {
        Positive("memory", kibibytes);
        return On(
            "virDomainSetMemoryFlags", uuid, domain => LibvirtApi.virDomainSetMemoryFlags(domain, (nuint)kibibytes, (uint)scope),
            cancellationToken);
    }

    public Task SetMaxMemoryAsync(Guid uuid, long kibibytes, CancellationToken cancellationToken = default)
    {
        Positive("memory", kibibytes);
        return On(
            "virDomainSetMemoryFlags", uuid, domain => LibvirtApi.virDomainSetMemoryFlags(domain, (nuint)kibibytes, Maximum | Config),
            cancellationToken);
    }

    public Task SetVcpusAsync(
        Guid uuid, int count, DomainScope scope, bool maximum = false, CancellationToken cancellationToken = default)
    {
        Positive("number of vCPUs", count);
        return On(
            "virDomainSetVcpusFlags", uuid,
            domain => LibvirtApi.virDomainSetVcpusFlags(domain, (uint)count, (uint)scope | (maximum ? Maximum : 0)), cancellationToken);
    }

    private Task<int> Device(
        string call, Guid uuid, string deviceXml, Func<DomainHandle, int> body, CancellationToken cancellationToken)
    {
        Arguments.Document(host.Name, "device's document", deviceXml);
        return On(call, uuid, body, cancellationToken);
    }

    private void Positive(string what, long value)
    {
        if (value <= 0)
            throw new LibvirtException(host.Name, 0, 0, $"the {what} is {value}, expected more than 0");
    }

    private static string? Metadata(DomainHandle domain, string ns, uint scope)
    {
        var text = LibvirtApi.virDomainGetMetadata(domain, MetadataElement, ns, scope);
        if (text != 0)
            return NativeText.Take(text, NativeText.MaxDocumentBytes);
        var fault = NativeFault.Last();
        return fault.Code == ErrorCode.NoDomainMetadata ? null : throw fault;
    }

    private static IReadOnlyList<DiskError> DiskErrors(DomainHandle domain)
    {
        var most = NativeFault.Check(LibvirtApi.virDomainGetDiskErrors(domain, null, 0, 0));
        if (most == 0)
            return [];
        var errors = (NativeDiskError*)NativeMemory.AllocZeroed((nuint)most, (nuint)sizeof(NativeDiskError));
        try
        {
            var count = NativeFault.Check(LibvirtApi.virDomainGetDiskErrors(domain, errors, (uint)most, 0));
            var found = new DiskError[count];
            for (var i = 0; i < count; i++)
            {
                var disk = NativeText.Take(errors[i].Disk, NativeText.MaxNameBytes);
                found[i] = new DiskError(disk ?? "", errors[i].Error == 2 ? "no-space" : "unspecified");
            }

            return found;
        }
        finally
        {
            NativeMemory.Free(errors);
        }
    }
}
