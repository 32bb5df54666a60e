using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>Certificates of servers on 127.0.0.1, which nobody trusts who is not told to.</summary>
internal static class LoopbackCertificate
{
    /// <param name="names">Further names under which the server is reached.</param>
    public static X509Certificate2 Make(params string[] names)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var all = new SubjectAlternativeNameBuilder();
        all.AddIpAddress(IPAddress.Loopback);
        Array.ForEach(names, all.AddDnsName);
        request.CertificateExtensions.Add(all.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddMinutes(-5), now.AddHours(1));
    }

    /// <summary>Trusts this certificate, and no other.</summary>
    public static SocketsHttpHandler Trusting(X509Certificate2 certificate)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(certificate.Export(X509ContentType.Cert)));
        return new() { SslOptions = { CertificateChainPolicy = policy } };
    }
}
