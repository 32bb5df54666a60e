using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Heal.Drivers.Kubernetes.Configuration;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>Certificates and keys from PEM text, with errors that say where the text came from and never what it says.</summary>
internal static class Pem
{
    /// <summary>The PEM text of a pair of kubeconfig fields (inline base64 wins over file); null when neither is set.</summary>
    public static string? Text(NamedEntry entry, string? data, string? path, string field, string origin)
    {
        try
        {
            if (!string.IsNullOrEmpty(data))
                return Encoding.UTF8.GetString(Convert.FromBase64String(data));
            return string.IsNullOrEmpty(path) ? null : File.ReadAllText(entry.Resolve(path));
        }
        catch (FormatException)
        {
            throw new KubeconfigException($"{origin}: '{field}-data' expected base64 of a PEM text.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KubeconfigException($"{origin}: '{field}' cannot be read: {exception.Message}", exception);
        }
    }

    public static X509Certificate2Collection Certificates(string pem, string origin)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException exception)
        {
            throw new KubeconfigException($"{origin}: expected PEM certificates: {exception.Message}", exception);
        }

        return certificates.Count > 0
            ? certificates
            : throw new KubeconfigException($"{origin}: expected at least one PEM certificate, found none.");
    }

    public static X509Certificate2 ClientCertificate(string certificatePem, string keyPem, string origin)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificatePem, keyPem);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new KubeconfigException(
                $"{origin}: client certificate and key do not make a pair of PEM texts (encrypted keys are not supported).", exception);
        }
    }
}
