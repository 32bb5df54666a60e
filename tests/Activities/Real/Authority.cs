using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Heal.Activities.Tests;

/// <summary>
/// Signs certificates and tokens with the keys of a control plane, with times of a test's choice, and makes clients that use them.
/// </summary>
internal sealed class Authority(ControlPlane plane)
{
    private const string ForClients = "1.3.6.1.5.5.7.3.2";
    private const string ForServers = "1.3.6.1.5.5.7.3.1";

    /// <summary>Since when the cluster's own certificate is in force: nothing that it signs can be older.</summary>
    public DateTimeOffset Since
    {
        get
        {
            using var authority = X509CertificateLoader.LoadCertificateFromFile(PathOf("ca.crt"));
            return new DateTimeOffset(authority.NotBefore.ToUniversalTime());
        }
    }

    /// <summary>A client certificate with its key.</summary>
    public (string Certificate, string Key) Client(string subject, DateTimeOffset from, DateTimeOffset until) =>
        Issue(subject, ForClients, from, until);

    /// <summary>Writes the certificate of a server on this machine, with its key, to where the control plane's are.</summary>
    public async Task WriteServerAsync(string name, DateTimeOffset from, DateTimeOffset until)
    {
        var (certificate, key) = Issue($"CN={name}", ForServers, from, until);
        await File.WriteAllTextAsync(PathOf($"{name}.crt"), certificate);
        await File.WriteAllTextAsync(PathOf($"{name}.key"), key);
    }

    /// <summary>A service account's token as the API server signs them, with its own key.</summary>
    /// <param name="uid">Of the account.</param>
    public string Token(string ns, string account, string uid, DateTimeOffset from, DateTimeOffset until) => Sign(new JsonObject
    {
        ["iss"] = "https://kubernetes.default.svc", ["aud"] = new JsonArray("https://kubernetes.default.svc"),
        ["sub"] = $"system:serviceaccount:{ns}:{account}",
        ["iat"] = from.ToUnixTimeSeconds(), ["nbf"] = from.ToUnixTimeSeconds(), ["exp"] = until.ToUnixTimeSeconds(),
        ["kubernetes.io"] = new JsonObject
        {
            ["namespace"] = ns, ["serviceaccount"] = new JsonObject { ["name"] = account, ["uid"] = uid },
        },
    });

    /// <summary>A kubeconfig of the cluster with another user.</summary>
    /// <param name="server">Another of its API servers; null: the first.</param>
    public ClusterAddress As(JsonObject user, Uri? server = null)
    {
        var line = File.ReadAllLines(plane.Kubeconfig).Single(line => line.Contains("server:", StringComparison.Ordinal));
        var config = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Config", ["current-context"] = "test",
            ["clusters"] = new JsonArray(new JsonObject
            {
                ["name"] = "test",
                ["cluster"] = new JsonObject
                {
                    ["server"] = server?.ToString() ?? line.Split('"')[1],
                    ["certificate-authority-data"] = Base64(File.ReadAllText(PathOf("ca.crt"))),
                },
            }),
            ["users"] = new JsonArray(new JsonObject { ["name"] = "test", ["user"] = user }),
            ["contexts"] = new JsonArray(new JsonObject
            {
                ["name"] = "test", ["context"] = new JsonObject { ["cluster"] = "test", ["user"] = "test" },
            }),
        };
        var file = PathOf($"{Guid.NewGuid():N}.conf");
        File.WriteAllText(file, config.ToJsonString());
        return new ClusterAddress(null, file);
    }

    /// <summary>The user of a kubeconfig who has a client certificate.</summary>
    public static JsonObject UserOf((string Certificate, string Key) pair) => new()
    {
        ["client-certificate-data"] = Base64(pair.Certificate), ["client-key-data"] = Base64(pair.Key),
    };

    private (string Certificate, string Key) Issue(string subject, string use, DateTimeOffset from, DateTimeOffset until)
    {
        using var authority = X509Certificate2.CreateFromPemFile(PathOf("ca.crt"), PathOf("ca.key"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], critical: false));
        if (use == ForServers)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(System.Net.IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
        }

        using var signed = request.Create(authority, from, until, RandomNumberGenerator.GetBytes(8));
        return (signed.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private string Sign(JsonObject claims)
    {
        using var key = RSA.Create();
        key.ImportFromPem(File.ReadAllText(PathOf("sa.key")));
        using var reader = RSA.Create();
        reader.ImportFromPem(File.ReadAllText(PathOf("sa.pub")));
        var header = new JsonObject { ["alg"] = "RS256", ["kid"] = Url(SHA256.HashData(reader.ExportSubjectPublicKeyInfo())) };
        var body = $"{Url(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Url(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        return $"{body}.{Url(key.SignData(Encoding.ASCII.GetBytes(body), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private string PathOf(string name) => Path.Combine(plane.Certificates, name);

    private static string Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
