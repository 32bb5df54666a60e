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

    public static LibvirtUnreachableException OfOpening(string host, NativeFault fault) => MissingGrant(fault) is { } grant
        ? new LibvirtNotAdmittedException(host, $"missing permission: {fault.Message}. {grant}", fault.Code, fault.Domain)
        : new LibvirtUnreachableException(
            host, $"a connection could not be opened: {fault.Message}{HintFor(fault)}", null, fault.Code, fault.Domain);

    // libvirt has no code of its own for it, and refuses other things with the same one
    private static bool IsBusy(NativeFault fault) => fault.Domain == StorageDomain
        && (fault.Message.Contains("still being allocated", StringComparison.Ordinal)
            || fault.Message.Contains("still in use", StringComparison.Ordinal));

    // What somebody must grant; null when the refusal is about something else. What ssh says comes as a fault of the system.
    private static string? MissingGrant(NativeFault fault) => fault.Code switch
    {
        ErrorCode.SystemError when Says(fault, "Permission denied (publickey") =>
            "The account's public key must be in authorized_keys of the user that the URI names (keyfile= says which key is shown)",
        ErrorCode.SystemError when Says(fault, "Permission denied") =>
            "The account may not use the socket: put it into the group 'libvirt' (or the one of unix_sock_group)",
        ErrorCode.AuthenticationFailed when IsTrust(fault) => null,
        ErrorCode.AuthenticationUnavailable or ErrorCode.AuthenticationCancelled or ErrorCode.AuthenticationFailed
            or ErrorCode.AccessDenied => "Grant the account org.libvirt.unix.manage (org.libvirt.unix.monitor for a ReadOnly host) by a "
            + "rule of polkit, or see auth_unix_rw and access_drivers in libvirtd.conf",
        _ => null,
    };

    private static string HintFor(NativeFault fault) => fault.Code switch
    {
        ErrorCode.SystemError when Says(fault, "No such file") =>
            ". There is no such socket: does libvirtd (or virtqemud) run on this host?",
        ErrorCode.SystemError when Says(fault, "Host key verification failed") =>
            ". The host's key is not the one in the known_hosts of the account that Heal runs as: is it that host?",
        ErrorCode.SystemError when Says(fault, "TLS confirmation") =>
            ". The host closed the connection at once: its own ca_file must know the authority of our clientcert.pem (pkipath=)",
        ErrorCode.AuthenticationFailed when IsTrust(fault) =>
            ". The host's certificate is of no authority in our cacert.pem (pkipath=, else /etc/pki/CA): is it that host?",
        _ => "",
    };

    private static bool IsTrust(NativeFault fault) => Says(fault, "peer's certificate");

    private static bool Says(NativeFault fault, string words) => fault.Message.Contains(words, StringComparison.Ordinal);
}
