using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>
/// The zone whose wall clock the schedules mean: setting <c>WEBSITE_TIME_ZONE</c>, an IANA id ("Europe/Berlin") or a Windows id
/// ("W. Europe Standard Time"). Default UTC; the machine's own zone does not matter.
/// </summary>
internal static class TimerZone
{
    private const string Setting = "WEBSITE_TIME_ZONE";
    private const string WindowsZones = "WindowsZones.txt";

    public static TimeZoneInfo Read(IConfiguration configuration, List<string> faults)
    {
        if (configuration[Setting] is not { Length: > 0 } id)
        {
            return TimeZoneInfo.Utc;
        }

        if (TimeZoneInfo.TryFindSystemTimeZoneById(IanaOf(id) ?? id, out TimeZoneInfo? zone))
        {
            return zone;
        }

        faults.Add($"setting {Setting}: is '{id}', expected the id of a time zone that this machine knows, for example 'Europe/Berlin', "
            + "'W. Europe Standard Time' or 'UTC' (on Debian the package tzdata has them)");
        return TimeZoneInfo.Utc;
    }

    // The runtime would ask ICU for it, which this host does without (InvariantGlobalization).
    private static string? IanaOf(string windowsId)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(typeof(TimerZone), WindowsZones)!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            int at = line.IndexOf('=', StringComparison.Ordinal);
            if (at > 0 && line.AsSpan(0, at).Equals(windowsId, StringComparison.OrdinalIgnoreCase))
            {
                return line[(at + 1)..];
            }
        }

        return null;
    }
}
