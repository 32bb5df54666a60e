namespace Heal.Drivers.Libvirt.Connections;

/// <summary>Names of <c>virConnectCloseReason</c>.</summary>
internal static class CloseReason
{
    public static string NameOf(int reason) => reason switch
    {
        1 => "eof",
        2 => "keepalive",
        3 => "client",
        _ => "error",
    };
}
