namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>Other credentials (a token, or none), with a client certificate from files that are renewed.</summary>
internal sealed class CertificateFileCredentials(IClusterCredentials inner, CertificateFiles certificate) : IClusterCredentials
{
    private volatile ClusterCredential? _last;

    public string? RenewalFailure => inner.RenewalFailure ?? certificate.Failure;

    public async ValueTask<ClusterCredential> GetAsync(CancellationToken cancellationToken)
    {
        var credential = await inner.GetAsync(cancellationToken) with { Certificate = certificate.Current() };
        // The same one again while nothing has changed: whoever rejects it compares by reference.
        if (_last is { } last && last.Token == credential.Token && ReferenceEquals(last.Certificate, credential.Certificate))
            return last;
        _last = credential;
        return credential;
    }

    public bool Reject(ClusterCredential rejected) =>
        inner.Reject(rejected) || !ReferenceEquals(rejected.Certificate, certificate.Current());
}
