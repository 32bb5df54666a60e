using Heal.Drivers.Libvirt.Calls;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>Domains: inventory, life, definition. The rest is in the other parts.</summary>
internal sealed unsafe partial class Domains(LibvirtHost host) : IDomains
{
    private const uint Live = 1;
    private const uint Config = 2;
    private const uint Inactive = 2;
    private const uint Validate = 1;
    private const uint Graceful = 1;

    private readonly StatsFlight<IReadOnlyList<DomainStats>> _stats = new(host.Name);

    public Task<IReadOnlyList<DomainRecord>> ListAsync(CancellationToken cancellationToken = default) =>
        host.CallAsync("listing the domains", DomainReader.ReadAll, cancellationToken);

    public Task<DomainRecord?> FindAsync(string name, CancellationToken cancellationToken = default)
    {
        Arguments.Name(host.Name, "domain's name", name);
        return host.CallAsync(
            "finding a domain", connection => Find(() => LibvirtApi.virDomainLookupByName(connection, name)), cancellationToken);
    }

    public Task<DomainRecord?> FindAsync(Guid uuid, CancellationToken cancellationToken = default) => host.CallAsync(
        "finding a domain", connection => Find(() => LibvirtApi.virDomainLookupByUUIDString(connection, uuid.ToString())),
        cancellationToken);

    public Task<string> GetXmlAsync(Guid uuid, bool inactive, CancellationToken cancellationToken = default) => On(
        "virDomainGetXMLDesc", uuid, domain => NativeFault.Check(LibvirtApi.virDomainGetXMLDesc(domain, inactive ? Inactive : 0)),
        cancellationToken);

    public Task<IReadOnlyList<DomainStats>> GetStatsAsync(CancellationToken cancellationToken = default) => _stats.JoinAsync(
        (skipBusy, begin) => host.CallAsync(
            "virConnectGetAllDomainStats",
            connection =>
            {
                using var running = begin();
                return StatsReader.ReadAll(connection, 0, StatsReader.Active | (skipBusy ? StatsReader.NoWait : 0));
            },
            // others wait for it too: one caller's token does not end it
            CancellationToken.None),
        cancellationToken);

    public Task<DomainRecord> DefineAsync(string xml, CancellationToken cancellationToken = default)
    {
        Arguments.Document(host.Name, "domain's document", xml);
        return host.CallAsync(
            "virDomainDefineXMLFlags",
            connection =>
            {
                using var domain = NativeFault.Check(LibvirtApi.virDomainDefineXMLFlags(connection, xml, Validate));
                return DomainReader.Read(domain);
            },
            cancellationToken);
    }

    public Task UndefineAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        On("virDomainUndefineFlags", uuid, Undefine, cancellationToken);

    public Task StartAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        On("virDomainCreate", uuid, domain => LibvirtApi.virDomainCreate(domain), cancellationToken);

    public Task ShutdownAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        On("virDomainShutdown", uuid, domain => LibvirtApi.virDomainShutdown(domain), cancellationToken);

    public Task RebootAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        On("virDomainReboot", uuid, domain => LibvirtApi.virDomainReboot(domain, 0), cancellationToken);

    public Task ResetAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        On("virDomainReset", uuid, domain => LibvirtApi.virDomainReset(domain, 0), cancellationToken);

    public Task DestroyAsync(Guid uuid, bool graceful = false, CancellationToken cancellationToken = default) => On(
        "virDomainDestroyFlags", uuid, domain => LibvirtApi.virDomainDestroyFlags(domain, graceful ? Graceful : 0), cancellationToken);

    public Task SuspendAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        On("virDomainSuspend", uuid, domain => LibvirtApi.virDomainSuspend(domain), cancellationToken);

    public Task ResumeAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        On("virDomainResume", uuid, domain => LibvirtApi.virDomainResume(domain), cancellationToken);

    public Task SetAutostartAsync(Guid uuid, bool autostart, CancellationToken cancellationToken = default) => On(
        "virDomainSetAutostart", uuid, domain => LibvirtApi.virDomainSetAutostart(domain, autostart ? 1 : 0), cancellationToken);

    /// <summary>A call that tells by a negative number that it failed.</summary>
    private Task<int> On(string call, Guid uuid, Func<DomainHandle, int> body, CancellationToken cancellationToken) =>
        On<int>(call, uuid, domain => NativeFault.Check(body(domain)), cancellationToken);

    private Task<T> On<T>(
        string call, Guid uuid, Func<DomainHandle, T> body, CancellationToken cancellationToken, TimeSpan? timeout = null) =>
        host.CallAsync(
            call,
            connection =>
            {
                using var domain = Lookup(connection, uuid);
                return body(domain);
            },
            cancellationToken, timeout);

    private static DomainHandle Lookup(ConnectHandle connection, Guid uuid) =>
        NativeFault.Check(LibvirtApi.virDomainLookupByUUIDString(connection, uuid.ToString()));

    private static DomainRecord? Find(Func<DomainHandle> lookup)
    {
        try
        {
            using var domain = NativeFault.Check(lookup());
            return DomainReader.Read(domain);
        }
        catch (NativeFault fault) when (fault.Code == ErrorCode.NoDomain)
        {
            return null;
        }
    }

    private static int Undefine(DomainHandle domain)
    {
        const uint managedSave = 1, snapshots = 2, nvram = 4, checkpoints = 16;
        var result = LibvirtApi.virDomainUndefineFlags(domain, managedSave | snapshots | nvram | checkpoints);
        if (result >= 0)
            return result;
        var fault = NativeFault.Last();
        // drivers without checkpoints or NVRAM do not know the flags: then there is nothing of the kind to remove
        return fault.Code is ErrorCode.InvalidArgument or ErrorCode.ArgumentUnsupported or ErrorCode.NoSupport
            ? LibvirtApi.virDomainUndefineFlags(domain, managedSave | snapshots)
            : throw fault;
    }

    /// <summary>Where a change has to go so that it holds now and at the next start.</summary>
    private static uint ScopeOf(DomainHandle domain)
    {
        var scope = NativeFault.Check(LibvirtApi.virDomainIsActive(domain)) != 0 ? Live : 0;
        return NativeFault.Check(LibvirtApi.virDomainIsPersistent(domain)) != 0 ? scope | Config : scope;
    }
}
