using System.Security.Cryptography.X509Certificates;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>Who we are to a cluster. Asked before every try, so that rotation needs no restart.</summary>
internal interface IClusterCredentials
{
    /// <exception cref="CredentialsException">They cannot be had now.</exception>
    ValueTask<ClusterCredential> GetAsync(CancellationToken cancellationToken);

    /// <summary>The server did not accept this one: forget it.</summary>
    /// <returns>True when another may be had, so that a second try makes sense.</returns>
    bool Reject(ClusterCredential rejected);

    /// <summary>Why a renewed one could not be read, so that an older one is still used; null when nothing went wrong with it. A sentence
    /// without any of them, for the message of whoever is rejected because of it.</summary>
    string? RenewalFailure => null;
}

/// <summary>A token, a client certificate, both or neither.</summary>
/// <param name="Token">White space around it, which files and programs like to leave, is none of it.</param>
internal sealed record ClusterCredential(string? Token, X509Certificate2? Certificate)
{
    public string? Token { get; } = string.IsNullOrWhiteSpace(Token) ? null : Token.Trim();

    public override string ToString() => $"ClusterCredential (token: {Token is not null}, certificate: {Certificate?.Subject})";
}

/// <summary>Credentials cannot be obtained; the message says why, without any of them.</summary>
internal sealed class CredentialsException(string message, Exception? innerException = null) : Exception(message, innerException);
