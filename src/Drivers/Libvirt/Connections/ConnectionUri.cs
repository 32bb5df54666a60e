namespace Heal.Drivers.Libvirt.Connections;

/// <summary>The URI as libvirt gets it.</summary>
internal static class ConnectionUri
{
    /// <summary>ssh must not ask a service for a password: it would wait for ever, at whatever terminal there is.</summary>
    public static string WithoutPrompts(string uri)
    {
        var scheme = uri.Split(':', 2)[0];
        if (!scheme.EndsWith("+ssh", StringComparison.Ordinal) || uri.Contains("no_tty=", StringComparison.Ordinal))
            return uri;
        return uri + (uri.Contains('?') ? "&" : "?") + "no_tty=1";
    }
}
