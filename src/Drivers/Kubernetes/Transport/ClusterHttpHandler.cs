using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Heal.Drivers.Kubernetes.Configuration;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>
/// Connections to one cluster: TLS 1.2 or newer, the server vouched for by the cluster's own CA and nobody else, no redirects, no cookies.
/// HTTP/1.1 on purpose: a watch then has a connection of its own, and one that hangs cannot hold up the others.
/// </summary>
internal static class ClusterHttpHandler
{
    public static SocketsHttpHandler Create(
        ClusterConnection connection, KubernetesClientOptions options, X509Certificate2? clientCertificate, TimeProvider time)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            MaxConnectionsPerServer = options.MaxConnections,
            ConnectTimeout = options.ConnectTimeout,
            // Bounded, so that a moved API server is taken up.
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        };
        if (connection.Proxy is not null)
            handler.Proxy = new WebProxy(connection.Proxy) { Credentials = CredentialsOf(connection.Proxy) };
        else
            handler.UseProxy = !connection.Server.IsLoopback;

        handler.SslOptions.EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => clientCertificate!;
        if (connection.SkipTlsVerify)
            SkipVerification(handler);
        else
            Verify(handler, connection.CertificateAuthorities, time);
        return handler;
    }

    /// <summary>The user and the password that the proxy's URL names, which the platform does not take from there; null: none.</summary>
    private static NetworkCredential? CredentialsOf(Uri proxy)
    {
        if (proxy.UserInfo.Length == 0)
            return null;
        var parts = proxy.UserInfo.Split(':', 2);
        return new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }

    private static void Verify(SocketsHttpHandler handler, X509Certificate2Collection? authorities, TimeProvider time)
    {
        if (authorities is not null)
            handler.SslOptions.CertificateChainPolicy = TrustOnly(authorities);
        handler.SslOptions.RemoteCertificateValidationCallback =
            (_, certificate, chain, errors) => ServerCertificateFault.Check(certificate, chain, errors, time);
    }

    private static X509ChainPolicy TrustOnly(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // Cluster CAs publish no revocation lists.
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private static void SkipVerification(SocketsHttpHandler handler) =>
#pragma warning disable CA5359 // Only with the AllowInsecureTls option, which logs a warning.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
}
