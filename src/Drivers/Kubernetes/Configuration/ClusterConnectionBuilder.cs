using Heal.Drivers.Kubernetes.Credentials;

namespace Heal.Drivers.Kubernetes.Configuration;

/// <summary>Finds the cluster: explicit server, else kubeconfig, else the pod's service account.</summary>
internal sealed class ClusterConnectionBuilder(KubernetesClientOptions options, HostEnvironment host, TimeProvider time)
{
    public ClusterConnection Build()
    {
        if (options.Server is not null)
            return FromOptions(options.Server);
        if (KubeconfigPaths() is { } paths)
            return FromKubeconfig(KubeconfigLoader.Load(paths));
        if (InClusterConfiguration.IsPresent(host))
            return InClusterConfiguration.Read(host);

        throw new KubeconfigException(
            $"No Kubernetes cluster configured: KUBECONFIG is not set, '{DefaultPath}' does not exist, and this is no pod "
            + "(KUBERNETES_SERVICE_HOST is not set). Set KUBECONFIG, or the Server or KubeconfigPath option.");
    }

    private string DefaultPath => Path.Combine(host.HomeFolder, ".kube", "config");

    private string[]? KubeconfigPaths()
    {
        var list = options.KubeconfigPath ?? host.Variable("KUBECONFIG");
        if (!string.IsNullOrEmpty(list))
            return list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return File.Exists(DefaultPath) ? [DefaultPath] : null;
    }

    private ClusterConnection FromOptions(Uri server)
    {
        const string Origin = "option Server";
        return new ClusterConnection
        {
            Server = CheckServer(server.OriginalString, Origin),
            CertificateAuthorities = options.CertificateAuthorityPem is { } pem
                ? Pem.Certificates(pem, "option CertificateAuthorityPem")
                : null,
            Credentials = options.Token is { } token ? new StaticCredentials(token, null) : StaticCredentials.None,
            Origin = Origin,
        };
    }

    private ClusterConnection FromKubeconfig(Kubeconfig kubeconfig)
    {
        var contextName = options.Context ?? kubeconfig.CurrentContext;
        if (string.IsNullOrEmpty(contextName))
            throw new KubeconfigException(
                $"Kubeconfig '{kubeconfig.Files}': no current-context is set. "
                + $"Set it, or the Context option, to one of: {Names(kubeconfig.Contexts)}.");

        var context = Find(kubeconfig.Contexts, contextName, "context", $"Kubeconfig '{kubeconfig.Files}'");
        var origin = $"Kubeconfig '{context.File}', context '{contextName}'";
        var clusterName = context.Context?.Cluster ?? throw new KubeconfigException($"{origin}: 'cluster' is missing.");
        var cluster = Find(kubeconfig.Clusters, clusterName, "cluster", origin);
        var clusterOrigin = $"Kubeconfig '{cluster.File}', cluster '{clusterName}'";
        var entry = cluster.Cluster ?? throw new KubeconfigException($"{clusterOrigin}: it is empty.");
        if (entry.InsecureSkipTlsVerify && !options.AllowInsecureTls)
            throw new KubeconfigException(
                $"{clusterOrigin}: 'insecure-skip-tls-verify: true' is refused, anyone could pose as the cluster. "
                + "Give certificate-authority(-data) instead, or set the AllowInsecureTls option.");

        var authority = Pem.Text(
            cluster, entry.CertificateAuthorityData, entry.CertificateAuthority, "certificate-authority", clusterOrigin);
        var connection = new ClusterConnection
        {
            Server = CheckServer(entry.Server, clusterOrigin),
            CertificateAuthorities = authority is null ? null : Pem.Certificates(authority, $"{clusterOrigin}, certificate-authority"),
            TlsServerName = NullIfEmpty(entry.TlsServerName),
            SkipTlsVerify = entry.InsecureSkipTlsVerify,
            Proxy = CheckProxy(entry.ProxyUrl, clusterOrigin),
            Namespace = NullIfEmpty(context.Context.Namespace),
            Credentials = StaticCredentials.None,
            Origin = origin,
        };
        if (string.IsNullOrEmpty(context.Context.User))
            return connection;

        var user = Find(kubeconfig.Users, context.Context.User, "user", origin);
        return connection with
        {
            Credentials = new UserCredentialsBuilder(options, host, time).Build(user, cluster, entry),
            Impersonation = UserCredentialsBuilder.Impersonation(user),
        };
    }

    private Uri CheckServer(string? server, string origin)
    {
        if (!Uri.TryCreate(server, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
            throw new KubeconfigException($"{origin}: 'server' expected an https:// URL, got '{server}'.");
        if (uri.UserInfo.Length > 0 || uri.Query.Length > 0)
            throw new KubeconfigException($"{origin}: 'server' must carry neither credentials nor a query.");
        if (uri.Scheme == "http" && !uri.IsLoopback && !options.AllowPlainHttp)
            throw new KubeconfigException(
                $"{origin}: 'server' is plain HTTP to '{uri.Host}'; "
                + "expected https://, or a loopback address, or the AllowPlainHttp option.");
        return uri;
    }

    private static Uri? CheckProxy(string? proxy, string origin)
    {
        if (string.IsNullOrEmpty(proxy))
            return null;
        if (!Uri.TryCreate(proxy, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https" or "socks5"))
            throw new KubeconfigException($"{origin}: 'proxy-url' expected an http://, https:// or socks5:// URL.");
        return uri;
    }

    private static T Find<T>(List<T> entries, string name, string what, string origin) where T : NamedEntry =>
        entries.Find(e => e.Name == name)
        ?? throw new KubeconfigException($"{origin}: {what} '{name}' does not exist. Known: {Names(entries)}.");

    private static string Names<T>(List<T> entries) where T : NamedEntry =>
        entries.Count == 0 ? "none" : string.Join(", ", entries.Select(e => $"'{e.Name}'"));

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
