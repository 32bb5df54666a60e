using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>The counters of domains. Blocking; on a thread of the host's.</summary>
internal static unsafe class StatsReader
{
    public const uint Active = 1;

    /// <summary>Skips what would have to wait for a domain that is busy.</summary>
    public const uint NoWait = 1u << 29;

    /// <summary>
    /// <c>virConnectGetAllDomainStats</c>. A guest whose emulator answered nonsense fails that call for all of them, until it is ended:
    /// then each is asked by itself, and the broken one is left out.
    /// </summary>
    public static IReadOnlyList<DomainStats> ReadAll(ConnectHandle connection, uint groups, uint flags)
    {
        NativeStatsRecord** records = null;
        try
        {
            var count = NativeFault.Check(LibvirtApi.virConnectGetAllDomainStats(connection, groups, &records, flags));
            return Take(records, count);
        }
        catch (NativeFault fault) when (fault.Code == ErrorCode.InternalError)
        {
            var found = ReadEach(connection, groups, flags);
            if (found.Count == 0)
                throw;
            return found;
        }
    }

    private static List<DomainStats> ReadEach(ConnectHandle connection, uint groups, uint flags)
    {
        using var domains = DomainReader.Domains(connection, flags & Active);
        var found = new List<DomainStats>(domains.Items.Length);
        var one = stackalloc nint[2]; // a list of one, which ends with null
        one[1] = 0;
        foreach (var domain in domains.Items)
        {
            one[0] = domain.DangerousGetHandle();
            NativeStatsRecord** records = null;
            var count = LibvirtApi.virDomainListGetStats(one, groups, &records, flags & ~Active);
            if (count >= 0) found.AddRange(Take(records, count));
        }

        return found;
    }

    private static DomainStats[] Take(NativeStatsRecord** records, int count)
    {
        try
        {
            var all = new DomainStats[count];
            for (var i = 0; i < count; i++)
            {
                var record = records[i];
                all[i] = new DomainStats(
                    DomainText.UuidOf(record->Domain), DomainText.NameOf(record->Domain),
                    TypedParameters.Read(record->Parameters, record->Count));
            }

            return all;
        }
        finally
        {
            LibvirtApi.virDomainStatsRecordListFree(records);
        }
    }
}
