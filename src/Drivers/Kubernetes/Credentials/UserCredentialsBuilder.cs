using System.Security.Cryptography.X509Certificates;
using Heal.Drivers.Kubernetes.Configuration;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>Turns a user of a kubeconfig into credentials.</summary>
internal sealed class UserCredentialsBuilder(KubernetesClientOptions options, HostEnvironment host, TimeProvider time)
{
    public IClusterCredentials Build(NamedUser user, NamedCluster cluster, ClusterEntry clusterEntry)
    {
        var origin = $"Kubeconfig '{user.File}', user '{user.Name}'";
        var entry = user.User ?? new UserEntry();
        if (!string.IsNullOrEmpty(entry.Username) || !string.IsNullOrEmpty(entry.Password))
            throw new KubeconfigException(
                $"{origin}: basic authentication (username, password) was removed from Kubernetes in 1.19. "
                + "Use a token, certificate or exec plugin.");
        if (entry.AuthProvider is not null)
            throw new KubeconfigException(
                $"{origin}: 'auth-provider' was removed from Kubernetes clients in 1.26. Use the provider's exec plugin.");

        var certificate = Certificate(user, entry, origin);
        if (entry.Exec is not null)
        {
            if (certificate is not null || !string.IsNullOrEmpty(entry.Token) || !string.IsNullOrEmpty(entry.TokenFile))
                throw new KubeconfigException($"{origin}: expected 'exec' or other credentials, got both.");
            return new ExecCredentials(ExecPlugin(user, entry.Exec, cluster, clusterEntry, origin), time);
        }

        if (!string.IsNullOrEmpty(entry.TokenFile))
            return new TokenFileCredentials(user.Resolve(entry.TokenFile), certificate);
        return new StaticCredentials(string.IsNullOrEmpty(entry.Token) ? null : entry.Token, certificate);
    }

    private static X509Certificate2? Certificate(NamedUser user, UserEntry entry, string origin)
    {
        var certificate = Pem.Text(user, entry.ClientCertificateData, entry.ClientCertificate, "client-certificate", origin);
        var key = Pem.Text(user, entry.ClientKeyData, entry.ClientKey, "client-key", origin);
        return (certificate, key) switch
        {
            (null, null) => null,
            (not null, null) => throw new KubeconfigException($"{origin}: 'client-certificate' without 'client-key'."),
            (null, not null) => throw new KubeconfigException($"{origin}: 'client-key' without 'client-certificate'."),
            _ => Pem.ClientCertificate(certificate, key, origin),
        };
    }

    private ExecPlugin ExecPlugin(NamedUser user, ExecEntry exec, NamedCluster cluster, ClusterEntry clusterEntry, string origin)
    {
        if (string.IsNullOrEmpty(exec.Command))
            throw new KubeconfigException($"{origin}: 'exec.command' is missing.");
        if (exec.ApiVersion is not (Credentials.ExecPlugin.V1 or Credentials.ExecPlugin.V1Beta1))
            throw new KubeconfigException(
                $"{origin}: 'exec.apiVersion' expected {Credentials.ExecPlugin.V1} or {Credentials.ExecPlugin.V1Beta1}, "
                + $"got '{exec.ApiVersion}'.");
        if (exec.InteractiveMode == "Always")
            throw new KubeconfigException($"{origin}: 'exec.interactiveMode: Always' needs a terminal, and there is none here.");

        return new ExecPlugin
        {
            Origin = origin,
            ApiVersion = exec.ApiVersion,
            // A bare name is looked up in PATH; anything with a slash is relative to the file.
            Command = exec.Command.Contains('/', StringComparison.Ordinal) ? user.Resolve(exec.Command) : exec.Command,
            Arguments = exec.Args ?? [],
            Environment = exec.Env ?? [],
            InstallHint = exec.InstallHint,
            Cluster = exec.ProvideClusterInfo ? ClusterInfo(cluster, clusterEntry) : null,
            Timeout = options.ExecTimeout,
            WorkingFolder = host.HomeFolder,
            Time = time,
        };
    }

    private static ExecClusterInfo ClusterInfo(NamedCluster cluster, ClusterEntry entry)
    {
        var origin = $"Kubeconfig '{cluster.File}', cluster '{cluster.Name}'";
        var pem = Pem.Text(cluster, entry.CertificateAuthorityData, entry.CertificateAuthority, "certificate-authority", origin);
        return new ExecClusterInfo(
            entry.Server,
            entry.TlsServerName,
            entry.InsecureSkipTlsVerify ? true : null,
            pem is null ? null : Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(pem)),
            entry.ProxyUrl);
    }
}
