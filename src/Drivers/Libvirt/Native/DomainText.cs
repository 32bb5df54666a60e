namespace Heal.Drivers.Libvirt.Native;

/// <summary>What a domain's reference carries in itself: no call to the host.</summary>
internal static unsafe class DomainText
{
    private const int UuidBytes = 16;

    public static Guid UuidOf(nint domain)
    {
        var bytes = stackalloc byte[UuidBytes];
        NativeFault.Check(LibvirtApi.virDomainGetUUID(domain, bytes));
        return new Guid(new ReadOnlySpan<byte>(bytes, UuidBytes), bigEndian: true);
    }

    public static string NameOf(nint domain) =>
        NativeText.Read(LibvirtApi.virDomainGetName(domain), NativeText.MaxNameBytes) ?? throw NativeFault.Last();

    /// <summary>Null when it does not run.</summary>
    public static int? IdOf(nint domain)
    {
        var id = LibvirtApi.virDomainGetID(domain);
        return id == uint.MaxValue ? null : (int)id;
    }
}
