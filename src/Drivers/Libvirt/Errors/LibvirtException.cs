namespace Heal.Drivers.Libvirt;

/// <summary>libvirt refused, or could not be asked.</summary>
/// <param name="host">The configured name.</param>
/// <param name="code">libvirt's error code (<c>virErrorNumber</c>); 0 when the fault is ours to tell.</param>
/// <param name="domain">libvirt's error domain (<c>virErrorDomain</c>): the part of it that failed.</param>
/// <param name="message">libvirt's words.</param>
public class LibvirtException(string host, int code, int domain, string message, Exception? inner = null)
    : Exception($"libvirt host '{host}': {message}", inner)
{
    public string Host { get; } = host;

    public int Code { get; } = code;

    public int Domain { get; } = domain;

    /// <summary>libvirt's own words, without the host.</summary>
    public string Reason { get; } = message;
}

/// <summary>There is no such domain, pool, volume, network or snapshot.</summary>
public sealed class LibvirtNotFoundException(string host, int code, int domain, string message)
    : LibvirtException(host, code, domain, message);

/// <summary>The account, or the read-only connection, may not do this.</summary>
public sealed class LibvirtForbiddenException(string host, int code, int domain, string message)
    : LibvirtException(host, code, domain, message);

/// <summary>The volume is being written, or read for a copy: nothing else can be done with it until that has ended.</summary>
public sealed class LibvirtBusyException(string host, int code, int domain, string message)
    : LibvirtException(host, code, domain, message);

/// <summary>No answer within the deadline. Whether the call took effect, or will, nobody knows.</summary>
public sealed class LibvirtTimeoutException(string host, string call, TimeSpan timeout)
    : LibvirtException(host, 0, 0, $"{call} was not answered within {timeout.TotalSeconds:0.#} s; whether it took effect is not known")
{
    public string Call { get; } = call;
}

/// <summary>The host cannot be reached: no library, no connection, the breaker is open, or too many calls wait.</summary>
/// <param name="code">libvirt's error code when it refused the connection or lost it, for example 38 where there is no socket; else
/// 0.</param>
public class LibvirtUnreachableException(string host, string message, Exception? inner = null, int code = 0, int domain = 0)
    : LibvirtException(host, code, domain, message, inner);

/// <summary>The host is there, and does not let the account in: somebody must grant what the message names. No sign of a host that is
/// down.</summary>
public sealed class LibvirtNotAdmittedException(string host, string message, int code, int domain)
    : LibvirtUnreachableException(host, message, null, code, domain);
