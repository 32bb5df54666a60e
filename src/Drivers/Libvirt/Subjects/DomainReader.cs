using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>Makes records of domains. Blocking; on a thread of the host's.</summary>
internal static unsafe class DomainReader
{
    private const uint Persistent = 1 << 2;
    private const uint WithManagedSave = 1 << 8;
    private const uint WithAutostart = 1 << 10;
    private const uint StateStats = 1;

    /// <summary>
    /// All domains. State and reason of all come in one answer, the flags in three lists, memory and vCPUs with one short call per
    /// domain. None of these waits for a guest's emulator: a frozen one is listed like any other.
    /// </summary>
    public static IReadOnlyList<DomainRecord> ReadAll(ConnectHandle connection)
    {
        using var all = Domains(connection, 0);
        var persistent = UuidsOf(connection, Persistent);
        var autostart = UuidsOf(connection, WithAutostart);
        var saved = UuidsOf(connection, WithManagedSave);
        var states = TryReadStates(connection);
        var records = new List<DomainRecord>(all.Items.Length);
        foreach (var domain in all.Items)
        {
            try
            {
                var uuid = DomainText.UuidOf(domain.DangerousGetHandle());
                var (state, reason) = states?.TryGetValue(uuid, out var known) == true ? known : StateOf(domain);
                records.Add(Record(
                    domain, uuid, state, reason, persistent.Contains(uuid), autostart.Contains(uuid), saved.Contains(uuid)));
            }
            catch (NativeFault gone) when (gone.Code == ErrorCode.NoDomain)
            {
                // it was there when the list was made
            }
        }

        return records;
    }

    public static DomainRecord Read(DomainHandle domain)
    {
        var (state, reason) = StateOf(domain);
        var autostart = 0;
        var isPersistent = NativeFault.Check(LibvirtApi.virDomainIsPersistent(domain)) != 0;
        if (isPersistent)
            NativeFault.Check(LibvirtApi.virDomainGetAutostart(domain, &autostart));
        return Record(
            domain, DomainText.UuidOf(domain.DangerousGetHandle()), state, reason, isPersistent, autostart != 0, HasManagedSave(domain));
    }

    private static DomainRecord Record(
        DomainHandle domain, Guid uuid, int state, int reason, bool isPersistent, bool autostart, bool hasManagedSave)
    {
        NativeDomainInfo info;
        NativeFault.Check(LibvirtApi.virDomainGetInfo(domain, &info));
        return new DomainRecord(
            uuid, DomainText.NameOf(domain.DangerousGetHandle()), DomainText.IdOf(domain.DangerousGetHandle()),
            Enum.IsDefined((DomainState)state) ? (DomainState)state : DomainState.NoState, StateReasons.NameOf(state, reason),
            isPersistent, autostart, hasManagedSave, (long)info.MaxMemoryKib, (long)info.MemoryKib, info.Vcpus);
    }

    public static (int State, int Reason) StateOf(DomainHandle domain)
    {
        int state, reason;
        NativeFault.Check(LibvirtApi.virDomainGetState(domain, &state, &reason, 0));
        return (state, reason);
    }

    private static bool HasManagedSave(DomainHandle domain)
    {
        var has = LibvirtApi.virDomainHasManagedSaveImage(domain, 0);
        if (has >= 0)
            return has != 0;
        var fault = NativeFault.Last();
        return fault.Code == ErrorCode.NoSupport ? false : throw fault;
    }

    public static HandleList.Owned<DomainHandle> Domains(ConnectHandle connection, uint flags) => HandleList.Take(
        items => LibvirtApi.virConnectListAllDomains(connection, items, flags), static pointer => new DomainHandle(pointer));

    private static HashSet<Guid> UuidsOf(ConnectHandle connection, uint flags)
    {
        using var some = Domains(connection, flags);
        return [.. some.Items.Select(domain => DomainText.UuidOf(domain.DangerousGetHandle()))];
    }

    /// <summary>Null when the driver has no such call: then each domain is asked.</summary>
    private static Dictionary<Guid, (int State, int Reason)>? TryReadStates(ConnectHandle connection)
    {
        try
        {
            return StatsReader.ReadAll(connection, StateStats, 0)
                .ToDictionary(
                    domain => domain.Uuid,
                    domain => ((int)(domain.Whole("state.state") ?? 0), (int)(domain.Whole("state.reason") ?? 0)));
        }
        catch (NativeFault fault) when (fault.Code is ErrorCode.NoSupport or ErrorCode.OperationUnsupported)
        {
            return null;
        }
    }
}
