namespace Heal.Healing;

/// <summary>Reads how alerts name a machine: by name, by address, or as the scraped <c>host:port</c>.</summary>
public static class MachineAddress
{
    /// <summary>The host alone: <c>node1</c> of <c>node1:9100</c>, <c>fd00::1</c> of <c>[fd00::1]:9100</c>; else the text itself.</summary>
    public static string HostOf(string text)
    {
        if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is > 1 and var end) return text[1..end];
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        // More than one colon without brackets is an IPv6 address without a port.
        return colon > 0 && text[(colon + 1)..].All(char.IsAsciiDigit) ? text[..colon] : text;
    }
}
