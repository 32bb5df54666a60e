using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

internal sealed unsafe class Networks(LibvirtHost host) : INetworks
{
    public Task<IReadOnlyList<NetworkRecord>> ListAsync(CancellationToken cancellationToken = default) => host.CallAsync(
        "virConnectListAllNetworks",
        IReadOnlyList<NetworkRecord> (connection) =>
        {
            using var all = HandleList.Take(
                items => LibvirtApi.virConnectListAllNetworks(connection, items, 0), static pointer => new NetworkHandle(pointer));
            var networks = new List<NetworkRecord>(all.Items.Length);
            foreach (var network in all.Items)
            {
                try
                {
                    networks.Add(Read(network));
                }
                catch (NativeFault gone) when (gone.Code == ErrorCode.NoNetwork)
                {
                    // it was there when the list was made
                }
            }

            return networks;
        },
        cancellationToken);

    public Task<string> GetXmlAsync(string network, CancellationToken cancellationToken = default) => On(
        "virNetworkGetXMLDesc", network, handle => NativeFault.Check(LibvirtApi.virNetworkGetXMLDesc(handle, 0)), cancellationToken);

    public Task<NetworkRecord> CreateAsync(string xml, CancellationToken cancellationToken = default)
    {
        Arguments.Document(host.Name, "network's document", xml);
        return host.CallAsync("creating a network", connection => Create(connection, xml), cancellationToken);
    }

    public Task StartAsync(string network, CancellationToken cancellationToken = default) => On(
        "virNetworkCreate", network, handle => NativeFault.Check(LibvirtApi.virNetworkCreate(handle)), cancellationToken);

    public Task StopAsync(string network, bool undefine, CancellationToken cancellationToken = default) => On(
        "virNetworkDestroy", network,
        handle =>
        {
            var isPersistent = NativeFault.Check(LibvirtApi.virNetworkIsPersistent(handle)) != 0;
            if (NativeFault.Check(LibvirtApi.virNetworkIsActive(handle)) != 0)
                NativeFault.Check(LibvirtApi.virNetworkDestroy(handle));
            return undefine && isPersistent ? NativeFault.Check(LibvirtApi.virNetworkUndefine(handle)) : 0;
        },
        cancellationToken);

    private Task<T> On<T>(string call, string name, Func<NetworkHandle, T> body, CancellationToken cancellationToken)
    {
        Arguments.Name(host.Name, "network's name", name);
        return host.CallAsync(
            call,
            connection =>
            {
                using var network = NativeFault.Check(LibvirtApi.virNetworkLookupByName(connection, name));
                return body(network);
            },
            cancellationToken);
    }

    /// <summary>A network that cannot be started is not left defined, unless it was before.</summary>
    private static NetworkRecord Create(ConnectHandle connection, string xml)
    {
        var before = IsKnown(connection, Arguments.Parse(xml).Element("name")?.Value ?? "");
        using var network = NativeFault.Check(LibvirtApi.virNetworkDefineXML(connection, xml));
        try
        {
            if (NativeFault.Check(LibvirtApi.virNetworkIsActive(network)) == 0)
                NativeFault.Check(LibvirtApi.virNetworkCreate(network));
            return Read(network);
        }
        catch (NativeFault)
        {
            if (!before)
                _ = LibvirtApi.virNetworkUndefine(network);
            throw;
        }
    }

    private static bool IsKnown(ConnectHandle connection, string name)
    {
        try
        {
            using var known = NativeFault.Check(LibvirtApi.virNetworkLookupByName(connection, name));
            return true;
        }
        catch (NativeFault fault) when (fault.Code == ErrorCode.NoNetwork)
        {
            return false;
        }
    }

    private static NetworkRecord Read(NetworkHandle network)
    {
        const int uuidBytes = 16;
        var uuid = stackalloc byte[uuidBytes];
        NativeFault.Check(LibvirtApi.virNetworkGetUUID(network, uuid));
        var autostart = 0;
        var isPersistent = NativeFault.Check(LibvirtApi.virNetworkIsPersistent(network)) != 0;
        if (isPersistent)
            NativeFault.Check(LibvirtApi.virNetworkGetAutostart(network, &autostart));
        return new NetworkRecord(
            new Guid(new ReadOnlySpan<byte>(uuid, uuidBytes), bigEndian: true),
            NativeText.Read(LibvirtApi.virNetworkGetName(network), NativeText.MaxNameBytes) ?? throw NativeFault.Last(),
            NativeFault.Check(LibvirtApi.virNetworkIsActive(network)) != 0, isPersistent, autostart != 0,
            // a network over a macvtap or SR-IOV device has no bridge
            NativeText.Take(LibvirtApi.virNetworkGetBridgeName(network), NativeText.MaxNameBytes));
    }
}
