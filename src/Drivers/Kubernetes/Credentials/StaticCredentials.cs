using System.Security.Cryptography.X509Certificates;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>Credentials that never change.</summary>
internal sealed class StaticCredentials(string? token, X509Certificate2? certificate) : IClusterCredentials
{
    private readonly ClusterCredential _credential = new(token, certificate);

    public static StaticCredentials None { get; } = new(null, null);

    public ValueTask<ClusterCredential> GetAsync(CancellationToken cancellationToken) => new(_credential);

    public bool Reject(ClusterCredential rejected) => false;
}
