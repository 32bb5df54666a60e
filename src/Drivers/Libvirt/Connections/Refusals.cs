using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Connections;

/// <summary>Turns libvirt's errors into the exceptions that a caller may tell apart. Pure.</summary>
internal static class Refusals
{
    /// <summary>VIR_FROM_STORAGE.</summary>
    private const int StorageDomain = 18;

    public static LibvirtException Of(string host, NativeFault fault) => fault.Code switch
    {
        ErrorCode.NoDomain or ErrorCode.NoNetwork or ErrorCode.NoStoragePool or ErrorCode.NoStorageVolume or ErrorCode.NoDomainSnapshot =>
            new LibvirtNotFoundException(host, fault.Code, fault.Domain, fault.Message),
        ErrorCode.OperationDenied or ErrorCode.AccessDenied or ErrorCode.AuthenticationFailed or ErrorCode.AuthenticationCancelled
            or ErrorCode.AuthenticationUnavailable => new LibvirtForbiddenException(host, fault.Code, fault.Domain, fault.Message),
        ErrorCode.OperationInvalid when IsBusy(fault) => new LibvirtBusyException(host, fault.Code, fault.Domain, fault.Message),
        _ => new LibvirtException(host, fault.Code, fault.Domain, fault.Message),
    };

    /// <summary>The connection broke during a call.</summary>
    public static LibvirtUnreachableException OfLoss(string host, string call, NativeFault fault) => new(
        host, $"the connection was lost during {call}, whether it took effect is not known: {fault.Message}", null, fault.Code,
        fault.Domain);

    public static LibvirtUnreachableException OfOpening(string host, NativeFault fault) => new(
        host, $"a connection could not be opened: {fault.Message}{HintFor(fault)}", null, fault.Code, fault.Domain);

    // libvirt has no code of its own for it, and refuses other things with the same one
    private static bool IsBusy(NativeFault fault) => fault.Domain == StorageDomain
        && (fault.Message.Contains("still being allocated", StringComparison.Ordinal)
            || fault.Message.Contains("still in use", StringComparison.Ordinal));

    private static string HintFor(NativeFault fault) => fault.Code switch
    {
        ErrorCode.SystemError when fault.Message.Contains("Permission denied", StringComparison.Ordinal) =>
            ". The account may not use the socket: is it in the group 'libvirt' (or the one of unix_sock_group)?",
        ErrorCode.SystemError when fault.Message.Contains("No such file", StringComparison.Ordinal) =>
            ". There is no such socket: does libvirtd (or virtqemud) run on this host?",
        ErrorCode.AuthenticationFailed or ErrorCode.AuthenticationUnavailable =>
            ". The account is not let in: see polkit's rules, or auth_unix_rw in libvirtd.conf",
        _ => "",
    };
}
