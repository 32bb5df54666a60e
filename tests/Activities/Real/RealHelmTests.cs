using System.Text.Json.Nodes;

namespace Heal.Activities.Tests;

/// <summary>
/// Helm's books after the healer wrote in them, read by kubectl, base64 and gzip: what Helm would find. Neither Debian nor the feeds of
/// npm and NuGet have Helm itself: that it takes such a revision for its own is not proven by running it.
/// </summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealHelmTests(RealShop shop) : RecipeClaims(shop)
{
    [Fact]
    public async Task A_revision_that_the_healer_wrote_is_packed_labelled_and_filled_as_helm_does_it()
    {
        var (item, stall, target) = await ArrangeAsync("helm_rollback");
        await stall.PatchAsync(Kinds.Secret, HelmRelease.SecretName("shop", 1), """{"metadata":{"labels":{"team":"shop"}}}""", "helm");
        var (first, _) = await ReadAsync(stall, 1);

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        var (made, secret) = await ReadAsync(stall, 3);
        var (left, before) = await ReadAsync(stall, 2);
        Assert.Equal("helm.sh/release.v1", secret.Text("type"));
        Assert.Equal(
            ["createdAt", "name", "owner", "status", "team", "version"],
            secret.Texts("metadata", "labels").Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("shop", "helm", "deployed", "3"), (
            secret.Label("name"), secret.Label("owner"), secret.Label("status"), secret.Label("version")));
        Assert.Equal((3, "deployed", "Rollback to 1"), (
            made.Whole("version"), made.Text("info", "status"), made.Text("info", "description")));
        Assert.Equal(first.Text("info", "first_deployed"), made.Text("info", "first_deployed"));
        Assert.True(DateTimeOffset.TryParse(made.Text("info", "last_deployed"), out var at) && at > DateTimeOffset.UtcNow.AddHours(-1));
        foreach (var same in (string[])["name", "namespace", "manifest", "chart", "config"])
        {
            Assert.True(JsonNode.DeepEquals(first.At(same), made.At(same)), same);
        }

        Assert.Equal(("superseded", "superseded"), (left.Text("info", "status"), before.Label("status")));
        Assert.NotNull(before.Label("modifiedAt"));
    }

    private async Task<(JsonNode Content, JsonNode Secret)> ReadAsync(Stall stall, int version)
    {
        var name = HelmRelease.SecretName("shop", version);
        var secret = JsonNode.Parse(await shop.Plane.KubectlAsync("-n", stall.Namespace, "get", "secret", name, "-o", "json"))!;
        return (JsonNode.Parse(await SourceCases.UnpackAsync(secret.Text("data", "release")!))!, secret);
    }
}
