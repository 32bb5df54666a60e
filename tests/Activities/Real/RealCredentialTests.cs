using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>Credentials that a real API server does not accept any more, or not yet: which, since when, and what is to be done.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealCredentialTests(RealShop shop)
{
    private static readonly ResourceKind ServiceAccount = new("", "ServiceAccount");
    private readonly Authority _authority = new(shop.Plane);

    [Fact]
    public async Task An_expired_client_certificate_is_named_with_its_end()
    {
        var from = _authority.Since;
        using var client = Connect(Authority.UserOf(_authority.Client("CN=healer", from, from.AddSeconds(1))));

        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.ListAsync<Node>(null));

        Assert.Equal(from.AddSeconds(1), refused.ExpiredAt);
        Assert.Contains("client certificate 'CN=healer' expired at", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Renew it there.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_certificate_that_is_not_in_force_yet_is_named_with_what_the_clock_says()
    {
        var from = DateTimeOffset.UtcNow.AddHours(1);
        using var client = Connect(Authority.UserOf(_authority.Client("CN=healer", from, from.AddHours(1))));

        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.ListAsync<Node>(null));

        Assert.Null(refused.ExpiredAt);
        Assert.Contains($"client certificate 'CN=healer' is valid from {from:yyyy-MM-dd HH:mm}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("this machine's clock says", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_token_of_a_service_account_is_named_with_its_end_and_not_shown()
    {
        var stall = await shop.OpenAsync();
        var account = await stall.GetAsync(ServiceAccount, "default");
        var end = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds());
        var token = _authority.Token(stall.Namespace, "default", account.Uid(), end.AddHours(-1), end);
        using var client = Connect(new JsonObject { ["token"] = token });

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
        using var client = Connect(new JsonObject { ["token"] = answer.ToJson().Text("status", "token") });
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
    private KubernetesClient Connect(JsonObject user) => _authority.As(user).Connect();
}
