using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Heal.Drivers.Kubernetes.Credentials;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>Says why a server's certificate is refused, with the certificate's own words: what it is for, and until when.</summary>
internal static class ServerCertificateFault
{
    /// <summary>A validation callback that accepts what the platform accepts, and explains the rest.</summary>
    public static bool Check(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, TimeProvider time)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        throw new AuthenticationException(Describe(certificate as X509Certificate2, chain, errors, time.GetUtcNow()));
    }

    private static string Describe(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors, DateTimeOffset now)
    {
        if (certificate is null)
            return "the server showed no certificate.";
        var subject = certificate.Subject.Length > 0 ? certificate.Subject : "(no subject)";
        var until = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
        var from = new DateTimeOffset(certificate.NotBefore.ToUniversalTime());
        // Either the certificate or this clock is wrong, and from here nobody can tell which.
        var clock = $"and this machine's clock says {CredentialDiagnosis.Text(now)}.";
        if (until < now)
            return $"the server's certificate '{subject}' expired at {CredentialDiagnosis.Text(until)}, {clock}";
        if (from > now)
            return $"the server's certificate '{subject}' is valid from {CredentialDiagnosis.Text(from)} only, {clock}";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"the server's certificate '{subject}' is not for this name, but for {Names(certificate)}. "
                + "Set tls-server-name if that is the server's.";
        var reasons = (chain?.ChainStatus ?? []).Select(s => s.Status.ToString()).Distinct();
        return $"the server's certificate '{subject}', issued by '{certificate.Issuer}', is not signed by the CA that we were given "
            + $"({string.Join(", ", reasons)}).";
    }

    private static string Names(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(e => e.EnumerateDnsNames().Concat(e.EnumerateIPAddresses().Select(a => a.ToString()))).Take(10).ToList();
        return names.Count == 0 ? "none" : string.Join(", ", names.Select(n => $"'{n}'"));
    }
}
