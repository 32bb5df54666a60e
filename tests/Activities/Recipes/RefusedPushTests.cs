using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>A remote that takes no push: its own rule, and nobody's change.</summary>
public sealed class RefusedPushTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    [Fact]
    public async Task A_revert_that_the_remotes_hook_rejects_is_refused_in_its_words()
    {
        var (item, stall, target) = await ArrangeAsync("git_revert");
        SourceCases.AddHook(stall.Notes["remote"], "pre-receive", "#!/bin/sh\necho 'main is protected'\nexit 1\n");
        var head = SourceCases.Git(stall.Notes["remote"], "rev-parse", "main");

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("main is protected", result.Detail);
        Assert.Equal(head, SourceCases.Git(stall.Notes["remote"], "rev-parse", "main"));
        var row = await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None);
        Assert.Equal(OperationState.Abandoned, row!.State);
    }
}
