using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>Credentials that a real API server does not accept any more: what has ended, when, and what is to be renewed.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealCredentialTests(RealShop shop)
{
    private static readonly ResourceKind ServiceAccount = new("", "ServiceAccount");

    [Fact]
    public async Task An_expired_client_certificate_is_named_with_its_end()
    {
        using var authority = X509Certificate2.CreateFromPemFile(File("ca.crt"), File("ca.key"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=healer, O=system:masters", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        var from = new DateTimeOffset(authority.NotBefore.ToUniversalTime());
        using var signed = request.Create(authority, from, from.AddSeconds(1), RandomNumberGenerator.GetBytes(8));
        using var client = Connect(user =>
        {
            user["client-certificate-data"] = Base64(signed.ExportCertificatePem());
            user["client-key-data"] = Base64(key.ExportPkcs8PrivateKeyPem());
        });

        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.ListAsync<Node>(null));

        Assert.Equal(from.AddSeconds(1), refused.ExpiredAt);
        Assert.Contains($"client certificate '{signed.Subject}' expired at", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Renew it there.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_token_of_a_service_account_is_named_with_its_end_and_not_shown()
    {
        var stall = await shop.OpenAsync();
        var account = await stall.GetAsync(ServiceAccount, "default");
        var end = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds());
        var token = Sign(new JsonObject
        {
            ["iss"] = "https://kubernetes.default.svc", ["aud"] = new JsonArray("https://kubernetes.default.svc"),
            ["sub"] = $"system:serviceaccount:{stall.Namespace}:default",
            ["iat"] = end.AddHours(-1).ToUnixTimeSeconds(), ["nbf"] = end.AddHours(-1).ToUnixTimeSeconds(),
            ["exp"] = end.ToUnixTimeSeconds(),
            ["kubernetes.io"] = new JsonObject
            {
                ["namespace"] = stall.Namespace,
                ["serviceaccount"] = new JsonObject { ["name"] = "default", ["uid"] = account.Uid() },
            },
        });
        using var client = Connect(user => user["token"] = token);

        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.ListAsync<Node>(null));

        Assert.Equal(end, refused.ExpiredAt);
        Assert.Contains("bearer token expired at", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(token[^20..], refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_whose_service_account_was_deleted_is_refused_and_the_account_is_named()
    {
        var stall = await shop.OpenAsync();
        await stall.CreateInAsync("""{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"healer"}}""");
        var answer = await stall.Client.CreateAsync(
            ServiceAccount,
            KubernetesObject.FromJson<KubernetesObject>(JsonNode.Parse($$"""
                { "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                  "metadata": { "name": "healer", "namespace": "{{stall.Namespace}}" }, "spec": { "audiences": null } }
                """)!),
            new WriteOptions { Subresource = "token" });
        using var client = Connect(user => user["token"] = answer.ToJson().Text("status", "token"));
        // It may read nothing, and is known.
        await Assert.ThrowsAsync<KubernetesForbiddenException>(() => client.ListAsync<Node>(null));
        await stall.Client.DeleteAsync(ServiceAccount, stall.Namespace, "healer");

        var refused = await RefusedAsync(client);

        Assert.Null(refused.ExpiredAt);
        Assert.Contains($"system:serviceaccount:{stall.Namespace}:healer", refused.Message, StringComparison.Ordinal);
    }

    // The API server remembers for ten seconds that it knew a token.
    private static async Task<KubernetesUnauthorizedException> RefusedAsync(KubernetesClient client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                await client.ListAsync<Node>(null, cancellationToken: limit.Token);
            }
            catch (KubernetesForbiddenException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), limit.Token);
            }
            catch (KubernetesUnauthorizedException refused)
            {
                return refused;
            }
        }
    }

    /// <summary>A client of the cluster with another user.</summary>
    private KubernetesClient Connect(Action<JsonObject> describe)
    {
        var user = new JsonObject();
        describe(user);
        var server = System.IO.File.ReadAllLines(shop.Plane.Kubeconfig).Single(line => line.Contains("server:", StringComparison.Ordinal));
        var address = server.Split('"')[1];
        var config = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Config", ["current-context"] = "test",
            ["clusters"] = new JsonArray(new JsonObject
            {
                ["name"] = "test",
                ["cluster"] = new JsonObject
                {
                    ["server"] = address, ["certificate-authority-data"] = Base64(System.IO.File.ReadAllText(File("ca.crt"))),
                },
            }),
            ["users"] = new JsonArray(new JsonObject { ["name"] = "test", ["user"] = user }),
            ["contexts"] = new JsonArray(new JsonObject
            {
                ["name"] = "test", ["context"] = new JsonObject { ["cluster"] = "test", ["user"] = "test" },
            }),
        };
        var file = Path.Combine(shop.Plane.Certificates, $"{Guid.NewGuid():N}.conf");
        System.IO.File.WriteAllText(file, config.ToJsonString());
        return new ClusterAddress(null, file).Connect();
    }

    /// <summary>A token as the API server signs them, with its own key.</summary>
    private string Sign(JsonObject claims)
    {
        using var key = RSA.Create();
        key.ImportFromPem(System.IO.File.ReadAllText(File("sa.key")));
        using var reader = RSA.Create();
        reader.ImportFromPem(System.IO.File.ReadAllText(File("sa.pub")));
        var header = new JsonObject { ["alg"] = "RS256", ["kid"] = Url(SHA256.HashData(reader.ExportSubjectPublicKeyInfo())) };
        var body = $"{Url(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Url(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        return $"{body}.{Url(key.SignData(Encoding.ASCII.GetBytes(body), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private string File(string name) => Path.Combine(shop.Plane.Certificates, name);

    private static string Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
