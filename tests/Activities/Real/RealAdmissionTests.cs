using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Admission webhooks of a real API server that refuse, or do not answer.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealAdmissionTests(RealShop shop) : RecipeClaims(shop)
{
    private static readonly ResourceKind Configuration = new("admissionregistration.k8s.io", "ValidatingWebhookConfiguration");

    [Fact]
    public async Task What_a_webhook_refuses_is_reported_in_its_words_and_not_tried_again()
    {
        await using var hook = await AdmissionHook.StartAsync();
        var (item, stall, target) = await ArrangeAsync("cordon_node");
        await InForceAsync(hook, stall);
        var before = hook.Asked;

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains(AdmissionHook.Words, result.Detail, StringComparison.Ordinal);
        Assert.Contains("freeze.example.org", result.Detail, StringComparison.Ordinal);
        // The API server asks once more by itself when it judged a copy from its cache; a client that tries again would double that.
        Assert.InRange(hook.Asked - before, 1, 2);
        Assert.Equal(0, await item.Effects(stall));
        var row = await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None);
        Assert.Equal((OperationState.Abandoned, ActionStatus.Refused), (row!.State, row.Status!.Value));
        await stall.Client.DeleteAsync(Configuration, null, stall.Namespace);
    }

    [Fact]
    public async Task A_webhook_that_does_not_answer_is_named_and_when_it_is_gone_the_action_goes_on()
    {
        await using var hook = await AdmissionHook.StartAsync();
        var (item, stall, target) = await ArrangeAsync("cordon_node");
        await InForceAsync(hook, stall);
        await hook.StopAsync();
        var watched = new WatchedClient(Shop.Client);

        var failed = await Assert.ThrowsAsync<KubernetesApiException>(() => RunAsync(item, stall, target, watched));
        var untouched = await item.Effects(stall);
        await stall.Client.DeleteAsync(Configuration, null, stall.Namespace);
        var result = await UntilAllowedAsync(item, stall, target);

        Assert.Equal((RefusalKind.WebhookUnreachable, "freeze.example.org"), (failed.Refusal!.Kind, failed.Refusal.Name));
        Assert.Contains("cannot be reached, and its failurePolicy is Fail", failed.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0), (watched.Writes, untouched));
        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(1, await item.Effects(stall));
        await AssertLedgerAsync(stall);
    }

    // The API server learns of such a configuration by a watch: in force is what refuses.
    private static async Task InForceAsync(AdmissionHook hook, Stall stall)
    {
        await stall.CreateAsync(hook.Configuration(stall.Namespace, "stall", stall.Namespace));
        var change = Patch.Merge(JsonNode.Parse("""{"metadata":{"labels":{"seen":"no"}}}""")!);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (hook.Asked == 0)
        {
            try
            {
                await stall.Client.PatchAsync<KubernetesObject>(
                    Kinds.Node, null, $"{stall.Namespace}-b", change, new WriteOptions { DryRun = true }, limit.Token);
            }
            catch (KubernetesApiException refused) when (refused.Refusal is { Kind: RefusalKind.Webhook })
            {
                return;
            }
        }
    }

    private async Task<ActionResult> UntilAllowedAsync(RecipeCase item, Stall stall, TargetReference target)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                return await RunAsync(item, stall, target, new WatchedClient(Shop.Client));
            }
            catch (KubernetesApiException refused) when (refused.Refusal is not null && !limit.IsCancellationRequested)
            {
                // Not yet known to the API server.
            }
        }
    }
}
