using System.Security.Cryptography.X509Certificates;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>
/// Credentials of an exec plugin, kept until shortly before they expire, or until the server rejects them. One run at a time, for all who
/// wait for it: it has a deadline of its own, and whoever gives up does not end it for the others.
/// </summary>
internal sealed class ExecCredentials(ExecPlugin plugin, TimeProvider time) : IClusterCredentials, IDisposable
{
    /// <summary>How long before its expiry a credential is replaced.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _end = new();
    private Held? _held;
    private Task<ClusterCredential>? _run;

    public async ValueTask<ClusterCredential> GetAsync(CancellationToken cancellationToken)
    {
        Task<ClusterCredential> run;
        lock (_lock)
        {
            if (Fresh() is { } known)
                return known;
            if (_run is null || _run.IsCompleted)
                _run = Task.Run(() => RunAsync(_end.Token), CancellationToken.None);
            run = _run;
        }

        return await run.WaitAsync(cancellationToken);
    }

    public bool Reject(ClusterCredential rejected)
    {
        lock (_lock)
        {
            if (ReferenceEquals(_held?.Credential, rejected))
                _held = null;
        }

        return true;
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }

    private async Task<ClusterCredential> RunAsync(CancellationToken cancellationToken)
    {
        var status = await plugin.RunAsync(cancellationToken);
        var held = new Held(new ClusterCredential(status.Token, Certificate(status)), status.ExpirationTimestamp);
        lock (_lock)
            _held = held;
        return held.Credential;
    }

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
