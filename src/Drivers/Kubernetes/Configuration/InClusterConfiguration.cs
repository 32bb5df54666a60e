using System.Net;
using System.Net.Sockets;
using Heal.Drivers.Kubernetes.Credentials;

namespace Heal.Drivers.Kubernetes.Configuration;

/// <summary>What Kubernetes gives every pod: the server in the environment, token, CA and namespace in files.</summary>
internal static class InClusterConfiguration
{
    public static bool IsPresent(HostEnvironment host) => !string.IsNullOrEmpty(host.Variable("KUBERNETES_SERVICE_HOST"));

    public static ClusterConnection Read(HostEnvironment host)
    {
        var address = host.Variable("KUBERNETES_SERVICE_HOST");
        var port = host.Variable("KUBERNETES_SERVICE_PORT_HTTPS") ?? host.Variable("KUBERNETES_SERVICE_PORT") ?? "443";
        if (IPAddress.TryParse(address, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6)
            address = $"[{address}]";
        if (!Uri.TryCreate($"https://{address}:{port}", UriKind.Absolute, out var server))
            throw new KubeconfigException(
                $"In-cluster configuration: KUBERNETES_SERVICE_HOST '{address}' and port '{port}' do not make an address.");

        var token = Path.Combine(host.ServiceAccountFolder, "token");
        var authority = Path.Combine(host.ServiceAccountFolder, "ca.crt");
        var ns = Path.Combine(host.ServiceAccountFolder, "namespace");
        foreach (var path in (string[])[token, authority])
        {
            if (!File.Exists(path))
                throw new KubeconfigException(
                    $"In-cluster configuration: '{path}' is missing. Does the pod have automountServiceAccountToken: false?");
        }

        return new ClusterConnection
        {
            Server = server,
            CertificateAuthorities = Pem.Certificates(File.ReadAllText(authority), $"'{authority}'"),
            Credentials = new TokenFileCredentials(token, null),
            Namespace = File.Exists(ns) ? File.ReadAllText(ns).Trim() : null,
            Origin = "in-cluster configuration",
        };
    }
}
