using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary><c>virConnectGetAllDomainStats</c>. Blocking; on a thread of the host's.</summary>
internal static unsafe class StatsReader
{
    public const uint Active = 1;

    /// <summary>Skips what would have to wait for a domain that is busy.</summary>
    public const uint NoWait = 1u << 29;

    public static IReadOnlyList<DomainStats> ReadAll(ConnectHandle connection, uint groups, uint flags)
    {
        NativeStatsRecord** records = null;
        var count = NativeFault.Check(LibvirtApi.virConnectGetAllDomainStats(connection, groups, &records, flags));
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
