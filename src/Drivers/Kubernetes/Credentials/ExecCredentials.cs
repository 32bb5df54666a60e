using System.Security.Cryptography.X509Certificates;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>
/// Credentials of an exec plugin, kept until shortly before they expire, or until the server rejects them. One run at a time.
/// </summary>
internal sealed class ExecCredentials(ExecPlugin plugin, TimeProvider time) : IClusterCredentials, IDisposable
{
    /// <summary>How long before its expiry a credential is replaced.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _oneRun = new(1);
    private volatile Held? _held;

    public async ValueTask<ClusterCredential> GetAsync(CancellationToken cancellationToken)
    {
        if (Fresh() is { } known)
            return known;

        await _oneRun.WaitAsync(cancellationToken);
        try
        {
            if (Fresh() is { } fetchedMeanwhile)
                return fetchedMeanwhile;
            var status = await plugin.RunAsync(cancellationToken);
            var held = new Held(new ClusterCredential(status.Token, Certificate(status)), status.ExpirationTimestamp);
            _held = held;
            return held.Credential;
        }
        finally
        {
            _oneRun.Release();
        }
    }

    public bool Reject(ClusterCredential rejected)
    {
        if (ReferenceEquals(_held?.Credential, rejected))
            _held = null;
        return true;
    }

    public void Dispose() => _oneRun.Dispose();

    private ClusterCredential? Fresh() =>
        _held is { } held && (held.Expires is not { } expires || time.GetUtcNow() < expires - Margin) ? held.Credential : null;

    private X509Certificate2? Certificate(ExecCredentialStatus status)
    {
        if (string.IsNullOrEmpty(status.ClientCertificateData) || string.IsNullOrEmpty(status.ClientKeyData))
            return null;
        try
        {
            return Pem.ClientCertificate(status.ClientCertificateData, status.ClientKeyData, plugin.Origin);
        }
        catch (KubeconfigException exception)
        {
            throw new CredentialsException(exception.Message, exception);
        }
    }

    private sealed record Held(ClusterCredential Credential, DateTimeOffset? Expires);
}
