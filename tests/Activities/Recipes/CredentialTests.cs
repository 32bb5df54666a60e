using System.Text;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>What holds for credentials beyond what holds for every action: no secret leaves the cluster, and what lacks is said.</summary>
public sealed class CredentialTests(Shop shop) : IClassFixture<Shop>
{
    [Theory]
    [InlineData("refresh_pull_secret")]
    [InlineData("refresh_pull_secret_that_is_gone")]
    public async Task Neither_the_ledger_nor_an_answer_has_anything_of_a_secrets_content(string name)
    {
        var item = RecipeCases.All.Single(candidate => candidate.Name == name);
        var stall = await shop.OpenAsync();
        var target = await item.Arrange(stall);
        var truth = (await shop.Client.GetAsync<Drivers.Kubernetes.Models.KubernetesObject>(
            Kinds.Secret, Shop.Truth, CredentialCases.Pull(stall))).ToJson().Text("data", ".dockerconfigjson")!;

        var result = await Action("refresh_pull_secret").RunAsync(item.Request(stall, target), CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        var told = new StringBuilder(result.Detail);
        foreach (var key in (string[])["", "/1", "/2"])
        {
            if (await shop.Store.FindOperationAsync($"{stall.Namespace}/1{key}", CancellationToken.None) is not { } row) continue;
            told.Append(row.PreImage.ToJsonString()).Append(row.PostImage?.ToJsonString()).Append(row.Detail);
        }

        Assert.Contains("secret-copy", told.ToString());
        Assert.DoesNotContain(truth, told.ToString());
        Assert.DoesNotContain(truth[..24], told.ToString());
        Assert.DoesNotContain("cHVsbGVy", told.ToString()); // "puller"
    }

    [Fact]
    public async Task Without_a_source_in_the_settings_a_pull_secret_is_not_refreshed()
    {
        var item = RecipeCases.All.Single(candidate => candidate.Name == "refresh_pull_secret");
        var stall = await shop.OpenAsync();
        var target = await item.Arrange(stall);

        var result = await Action("refresh_pull_secret", new ActionPorts()).RunAsync(item.Request(stall, target), CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("Heal:Sources:PullSecretNamespace", result.Detail);
    }

    [Fact]
    public async Task A_source_without_credentials_for_the_images_registry_is_not_copied()
    {
        var item = RecipeCases.All.Single(candidate => candidate.Name == "refresh_pull_secret");
        var stall = await shop.OpenAsync();
        var target = await item.Arrange(stall);
        var other = Convert.ToBase64String(Encoding.UTF8.GetBytes("""{"auths":{"other.example":{"auth":"cHVsbGVyOnZhbGlk"}}}"""));
        await new Stall(shop, Shop.Truth).PatchAsync(
            Kinds.Secret, CredentialCases.Pull(stall), $$"""{ "data": { ".dockerconfigjson": "{{other}}" } }""");

        var result = await Action("refresh_pull_secret").RunAsync(item.Request(stall, target), CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("no credentials for registry 'private.example'", result.Detail);
    }

    [Fact]
    public async Task A_cluster_without_cert_manager_is_said_to_be_one()
    {
        var (stall, item) = (await shop.OpenAsync(), RecipeCases.All.Single(candidate => candidate.Name == "renew_certificate"));
        var client = new WatchedClient(shop.Client) { NotServed = { "Certificate" } };
        var action = new RecipeAction(
            item.Recipe, new ActionTools(client, shop.Store, new Rig.Allowed(), TimeProvider.System, Given: shop.Ports));

        var result = await action.RunAsync(item.Request(stall, stall.Target("Certificate", "web")), CancellationToken.None);

        Assert.Equal((ActionStatus.Refused, "the cluster does not serve Certificate of cert-manager.io"), (result.Status, result.Detail));
    }

    [Fact]
    public async Task A_certificate_that_is_ready_and_ends_late_is_left_alone()
    {
        var (stall, item) = (await shop.OpenAsync(), RecipeCases.All.Single(candidate => candidate.Name == "renew_certificate"));
        await CredentialCases.IssuerAsync(stall);
        await CredentialCases.CertificateAsync(stall, DateTimeOffset.UtcNow.AddDays(60));

        var result = await Action("renew_certificate").RunAsync(
            item.Request(stall, stall.Target("Certificate", "web")), CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.StartsWith("it is ready and ends at", result.Detail);
    }

    private RecipeAction Action(string id, ActionPorts? ports = null) => new(RecipeBook.Find(id), new ActionTools(
        new WatchedClient(shop.Client), shop.Store, new Rig.Allowed(), TimeProvider.System, Given: ports ?? shop.Ports));
}
