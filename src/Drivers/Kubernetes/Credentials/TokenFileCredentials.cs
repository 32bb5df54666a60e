using System.Security.Cryptography.X509Certificates;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>
/// A token in a file that someone rotates (the kubelet does for pods). Read anew each time: a page-cache read costs less than
/// knowing whether a symlinked, atomically swapped file has changed.
/// </summary>
internal sealed class TokenFileCredentials(string path, X509Certificate2? certificate) : IClusterCredentials
{
    private volatile string? _last;

    public async ValueTask<ClusterCredential> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            var token = (await File.ReadAllTextAsync(path, cancellationToken)).Trim();
            if (token.Length > 0)
                _last = token;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && _last is not null)
        {
            // In the middle of a swap: the token of a moment ago is still good.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsException($"Token file '{path}' cannot be read: {exception.Message}", exception);
        }

        return new ClusterCredential(_last ?? throw new CredentialsException($"Token file '{path}' is empty."), certificate);
    }

    public bool Reject(ClusterCredential rejected) => true;
}
