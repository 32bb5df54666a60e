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

        var hasCertificate = !string.IsNullOrEmpty(entry.ClientCertificate) || !string.IsNullOrEmpty(entry.ClientCertificateData)
            || !string.IsNullOrEmpty(entry.ClientKey) || !string.IsNullOrEmpty(entry.ClientKeyData);
        if (entry.Exec is not null)
        {
            if (hasCertificate || !string.IsNullOrEmpty(entry.Token) || !string.IsNullOrEmpty(entry.TokenFile))
                throw new KubeconfigException($"{origin}: expected 'exec' or other credentials, got both.");
            return new ExecCredentials(ExecPlugin(user, entry.Exec, cluster, clusterEntry, origin), time);
        }

        IClusterCredentials token = !string.IsNullOrEmpty(entry.TokenFile)
            ? new TokenFileCredentials(user.Resolve(entry.TokenFile), null)
            : new StaticCredentials(string.IsNullOrEmpty(entry.Token) ? null : entry.Token, null);
        if (!hasCertificate)
            return token;
        // Inline data wins over a file, and does not change.
        var files = new List<string>();
        AddFile(entry.ClientCertificateData, entry.ClientCertificate);
        AddFile(entry.ClientKeyData, entry.ClientKey);
        return new CertificateFileCredentials(token, new CertificateFiles(() => Certificate(user, entry, origin), [.. files]));

        void AddFile(string? data, string? path)
        {
            if (string.IsNullOrEmpty(data) && !string.IsNullOrEmpty(path))
                files.Add(user.Resolve(path));
        }
    }

    /// <summary>On whose behalf the user acts; null: on nobody's but its own.</summary>
    public static Impersonation? Impersonation(NamedUser user)
    {
        var entry = user.User ?? new UserEntry();
        if (entry.AsGroups is { Count: > 1 } || entry.AsUserExtra?.Any(e => e.Value.Count > 1) == true)
            throw new KubeconfigException(
                $"Kubeconfig '{user.File}', user '{user.Name}': expected at most one value in 'as-groups' and in each of 'as-user-extra'. "
                + "The HTTP client joins several into one header, which the server would take for one group.");
        if (!string.IsNullOrEmpty(entry.As))
            return new Impersonation(
                entry.As, entry.AsUid, entry.AsGroups ?? [],
                (entry.AsUserExtra ?? []).ToDictionary(e => e.Key, e => (IReadOnlyList<string>)e.Value, StringComparer.Ordinal));
        // Left out silently, calls would be made with more rights than their author meant.
        if (!string.IsNullOrEmpty(entry.AsUid) || entry.AsGroups is { Count: > 0 } || entry.AsUserExtra is { Count: > 0 })
            throw new KubeconfigException(
                $"Kubeconfig '{user.File}', user '{user.Name}': 'as-uid', 'as-groups' and 'as-user-extra' need 'as'.");
        return null;
    }

    private static X509Certificate2 Certificate(NamedUser user, UserEntry entry, string origin)
    {
        var certificate = Pem.Text(user, entry.ClientCertificateData, entry.ClientCertificate, "client-certificate", origin)
            ?? throw new KubeconfigException($"{origin}: 'client-key' without 'client-certificate'.");
        var key = Pem.Text(user, entry.ClientKeyData, entry.ClientKey, "client-key", origin)
            ?? throw new KubeconfigException($"{origin}: 'client-certificate' without 'client-key'.");
        return Pem.ClientCertificate(certificate, key, origin);
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

        var longest = options.AttemptTimeout * 5 / 6;
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
            Timeout = options.ExecTimeout < longest ? options.ExecTimeout : longest,
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
