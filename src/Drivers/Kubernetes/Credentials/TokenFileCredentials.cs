using System.Security.Cryptography.X509Certificates;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>
/// A token in a file that someone rotates (the kubelet does for pods). Read anew each time: a page-cache read costs less than
/// knowing whether a symlinked, atomically swapped file has changed.
/// </summary>
internal sealed class TokenFileCredentials(string path, X509Certificate2? certificate) : IClusterCredentials
{
    private volatile string? _last;
    private volatile string? _failure;

    public string? RenewalFailure => _failure;

    public async ValueTask<ClusterCredential> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            var token = (await File.ReadAllTextAsync(path, cancellationToken)).Trim();
            if (token.Length > 0)
                _last = token;
            _failure = token.Length > 0 ? null : $"Token file '{path}' is empty.";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _failure = $"Token file '{path}' cannot be read: {exception.Message}";
        }

        // In the middle of a swap the token of a moment ago is still good. Where the file is gone for good, the server says when it is not.
        return new ClusterCredential(_last ?? throw new CredentialsException(_failure ?? $"Token file '{path}' is empty."), certificate);
    }

    public bool Reject(ClusterCredential rejected) => true;
}
