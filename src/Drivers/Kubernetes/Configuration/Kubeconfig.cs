using YamlDotNet.Serialization;

namespace Heal.Drivers.Kubernetes.Configuration;

/// <summary>One kubeconfig file, or several merged. Keys that are not named here are ignored, as kubectl does.</summary>
internal sealed class Kubeconfig
{
    public string? CurrentContext { get; set; }
    public List<NamedContext> Contexts { get; set; } = [];
    public List<NamedCluster> Clusters { get; set; } = [];
    public List<NamedUser> Users { get; set; } = [];

    /// <summary>Where current-context comes from; for messages.</summary>
    [YamlIgnore]
    public string Files { get; set; } = string.Empty;
}

/// <summary>An entry of a list, and the file that it stands in (relative paths are relative to it).</summary>
internal abstract class NamedEntry
{
    public string Name { get; set; } = string.Empty;

    [YamlIgnore]
    public string File { get; set; } = string.Empty;

    /// <summary>A path as written in the file, made absolute.</summary>
    public string Resolve(string path) => Path.GetFullPath(path, Path.GetDirectoryName(Path.GetFullPath(File))!);
}

internal sealed class NamedContext : NamedEntry
{
    public ContextEntry? Context { get; set; }
}

internal sealed class ContextEntry
{
    public string? Cluster { get; set; }
    public string? User { get; set; }
    public string? Namespace { get; set; }
}

internal sealed class NamedCluster : NamedEntry
{
    public ClusterEntry? Cluster { get; set; }
}

internal sealed class ClusterEntry
{
    public string? Server { get; set; }
    public string? CertificateAuthority { get; set; }
    public string? CertificateAuthorityData { get; set; }
    public string? TlsServerName { get; set; }
    public bool InsecureSkipTlsVerify { get; set; }
    public string? ProxyUrl { get; set; }
}

internal sealed class NamedUser : NamedEntry
{
    public UserEntry? User { get; set; }
}

internal sealed class UserEntry
{
    public string? ClientCertificate { get; set; }
    public string? ClientCertificateData { get; set; }
    public string? ClientKey { get; set; }
    public string? ClientKeyData { get; set; }
    public string? Token { get; set; }

    [YamlMember(Alias = "tokenFile", ApplyNamingConventions = false)]
    public string? TokenFile { get; set; }
    [YamlMember(Alias = "as", ApplyNamingConventions = false)]
    public string? As { get; set; }
    public string? AsUid { get; set; }
    public List<string>? AsGroups { get; set; }
    public Dictionary<string, List<string>>? AsUserExtra { get; set; }
    public string? Username { get; set; }
    public string? Password { get; set; }
    public Dictionary<string, object>? AuthProvider { get; set; }
    public ExecEntry? Exec { get; set; }
}

internal sealed class ExecEntry
{
    [YamlMember(Alias = "apiVersion", ApplyNamingConventions = false)]
    public string? ApiVersion { get; set; }
    public string? Command { get; set; }
    public List<string>? Args { get; set; }
    public List<ExecVariable>? Env { get; set; }

    [YamlMember(Alias = "installHint", ApplyNamingConventions = false)]
    public string? InstallHint { get; set; }

    [YamlMember(Alias = "interactiveMode", ApplyNamingConventions = false)]
    public string? InteractiveMode { get; set; }

    [YamlMember(Alias = "provideClusterInfo", ApplyNamingConventions = false)]
    public bool ProvideClusterInfo { get; set; }
}

internal sealed class ExecVariable
{
    public string Name { get; set; } = string.Empty;
    public string Value { get; set; } = string.Empty;
}
