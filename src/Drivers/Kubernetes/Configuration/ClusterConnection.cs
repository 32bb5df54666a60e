using System.Security.Cryptography.X509Certificates;
using Heal.Drivers.Kubernetes.Credentials;

namespace Heal.Drivers.Kubernetes.Configuration;

/// <summary>Everything that is needed to talk to one cluster, whichever way it was configured.</summary>
internal sealed record ClusterConnection
{
    public required Uri Server { get; init; }

    /// <summary>The only roots that may vouch for the server; null: the system's.</summary>
    public X509Certificate2Collection? CertificateAuthorities { get; init; }

    /// <summary>The name that the server's certificate must have; null: the host of the URL.</summary>
    public string? TlsServerName { get; init; }
    public bool SkipTlsVerify { get; init; }
    public Uri? Proxy { get; init; }

    /// <summary>The context's namespace; null when it names none.</summary>
    public string? Namespace { get; init; }
    public required IClusterCredentials Credentials { get; init; }

    /// <summary>On whose behalf calls are made; null: our own.</summary>
    public Impersonation? Impersonation { get; init; }

    /// <summary>Where this comes from, for messages: "context 'x' of file 'y'".</summary>
    public required string Origin { get; init; }
}
