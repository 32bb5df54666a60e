using System.Text.Json.Nodes;
using Heal.Healing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>What an inverse meets on its way: what may pass leaves it to be done, and the next call with its key does it.</summary>
public sealed class RecipeObstacleTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    // One with a single effect, one with two: the second of them meets the obstacle.
    public static TheoryData<string, int> Inverses => new() { { "patch_hpa_max", 1 }, { "quarantine_pod", 2 } };

    [Theory]
    [MemberData(nameof(Inverses))]
    public async Task A_right_that_was_missing_and_is_granted_lets_the_inverse_go_on(string name, int write)
    {
        var (item, stall, target, before) = await AppliedAsync(name);
        var forbidden = new WatchedClient(Shop.Client, number => number == write
            ? throw WatchedClient.Forbidden("patch", "", "pods", stall.Namespace) : Task.CompletedTask);
        var client = new WatchedClient(Shop.Client);

        var first = await Action(item, forbidden).UndoAsync(Undo(item, stall, target), CancellationToken.None);
        var second = await Action(item, client).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.Equal(ActionStatus.NotPermitted, first.Status);
        Assert.True(second.IsApplied, $"{second.Status}: {second.Detail}");
        Assert.Equal(before, await item.Before!(stall));
        Assert.Equal(1, client.Writes);
    }

    [Theory]
    [MemberData(nameof(Inverses))]
    public async Task A_kill_switch_that_comes_between_intent_and_step_stops_the_inverse_for_as_long_as_it_is_on(string name, int write)
    {
        var (item, stall, target, before) = await AppliedAsync(name);
        var client = new WatchedClient(Shop.Client);

        // Asked once before the intent, then before every write.
        var first = await Action(item, client, safety: new SwitchedOn(After: write)).UndoAsync(
            Undo(item, stall, target), CancellationToken.None);
        var made = client.Writes;
        var second = await Action(item, client).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.Equal((ActionStatus.Blocked, write - 1), (first.Status, made));
        Assert.True(second.IsApplied, $"{second.Status}: {second.Detail}");
        Assert.Equal(before, await item.Before!(stall));
        Assert.Equal(write, client.Writes);
    }

    [Fact]
    public async Task An_inverse_that_the_cluster_refuses_has_failed_and_is_made_once_that_is_over()
    {
        var (item, stall, target, before) = await AppliedAsync("patch_hpa_max");
        await stall.AddFaultAsync("""
            {"api":{"action":"status","status":422,"reason":"Invalid","method":"PATCH","path":"*/namespaces/$ns/horizontalpodautoscalers/*",
            "message":"ValidatingAdmissionPolicy 'freeze' with binding 'b' denied request: no changes today"}}
            """);
        var action = Action(item, new WatchedClient(Shop.Client));

        var first = await action.UndoAsync(Undo(item, stall, target), CancellationToken.None);
        await stall.RemoveFaultAsync();
        var second = await action.UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.Equal((ActionStatus.Failed, false, true), (first.Status, first.IsFinal, second.IsFinal));
        Assert.Contains("no changes today", first.Detail);
        Assert.True(second.IsApplied, $"{second.Status}: {second.Detail}");
        Assert.Equal(before, await item.Before!(stall));
    }

    [Fact]
    public async Task An_object_that_a_tool_has_taken_over_is_not_said_to_have_nothing_to_undo()
    {
        var (item, stall, target, _) = await AppliedAsync("patch_hpa_max");
        await stall.PatchAsync(Kinds.HorizontalPodAutoscaler, "web",
            """{"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"shop"}}}""");

        var undone = await Action(item, new WatchedClient(Shop.Client)).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.Equal(ActionStatus.Failed, undone.Status);
        Assert.Contains("Argo CD", undone.Detail);
    }

    [Fact]
    public async Task Writers_that_are_faster_each_time_are_no_ones_change_of_what_is_undone()
    {
        var (item, stall, target, before) = await AppliedAsync("patch_hpa_max");
        var hurried = new WatchedClient(Shop.Client, number => TouchAsync(stall, number));

        var first = await Action(item, hurried).UndoAsync(Undo(item, stall, target), CancellationToken.None);
        var second = await Action(item, new WatchedClient(Shop.Client)).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.Equal((ActionStatus.Failed, StepRunner.MaxConflicts), (first.Status, hurried.Writes));
        Assert.True(second.IsApplied, $"{second.Status}: {second.Detail}");
        Assert.Equal(before, await item.Before!(stall));
    }

    [Fact]
    public async Task An_action_that_never_gets_its_turn_has_failed_and_its_target_is_nobodys()
    {
        var (item, stall, target) = await ArrangeAsync("patch_hpa_max");
        var hurried = new WatchedClient(Shop.Client, number => TouchAsync(stall, number));

        var result = await RunAsync(item, stall, target, hurried);

        Assert.Equal(ActionStatus.Failed, result.Status);
        Assert.Equal(0, await item.Effects(stall));
    }

    [Fact]
    public async Task An_inverse_that_an_earlier_program_gave_up_because_it_was_refused_has_failed()
    {
        var (item, stall, target, _) = await AppliedAsync("patch_hpa_max");
        var applied = (await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None))!;
        var row = await Shop.Store.IntendAsync(
            applied with { Key = $"{applied.Key}/undo", ActionId = item.Recipe.Descriptor.Inverse!, Undoes = applied.Key },
            CancellationToken.None);
        await Shop.Store.FinishAsync(row.Key, new OperationEnd(OperationState.Abandoned, ActionStatus.Refused, "denied"),
            DateTimeOffset.UtcNow, CancellationToken.None);

        var undone = await Action(item, new WatchedClient(Shop.Client)).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.Equal((ActionStatus.Failed, "denied", true), (undone.Status, undone.Detail, undone.IsFinal));
    }

    [Fact]
    public async Task An_action_that_this_program_does_not_have_is_not_said_to_have_nothing_to_undo()
    {
        var request = new UndoRequest("i/1/undo", "i/1", "i", "of_a_newer_program", new("test", TargetKinds.Pod, "shop", "web"));

        var undone = await new UndoActionActivity(new ActionCatalogue([]), NullLogger<UndoActionActivity>.Instance)
            .RunAsync(null!, request);

        Assert.Equal(ActionStatus.Failed, undone.Status);
    }

    [Fact]
    public async Task Under_the_key_of_one_action_no_other_one_begins_and_its_end_does_not_undo_it()
    {
        var (item, stall, target, _) = await AppliedAsync("patch_hpa_max");
        var client = new WatchedClient(Shop.Client);
        var other = RecipeCases.Named("relax_pdb");
        var request = new ActionRequest(Key(stall), stall.Namespace, other.ActionId, target,
            ActionParameters.Complete(other.Recipe.Descriptor, new Dictionary<string, string>()), 0, "");

        var run = await Action(other, client).RunAsync(request, CancellationToken.None);
        var undone = await Action(other, client).UndoAsync(Undo(other, stall, target), CancellationToken.None);

        Assert.Equal((ActionStatus.Refused, ActionStatus.Refused, 0), (run.Status, undone.Status, client.Writes));
        Assert.Contains("patch_hpa_max", run.Detail);
        Assert.Equal(1, await item.Effects(stall));
    }

    private async Task<(RecipeCase Case, Stall Stall, TargetReference Target, string Before)> AppliedAsync(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var before = await item.Before!(stall);
        var applied = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));
        Assert.True(applied.IsApplied, $"{applied.Status}: {applied.Detail}");
        return (item, stall, target, before);
    }

    // Somebody writes another part of the object.
    private static Task<JsonObject> TouchAsync(Stall stall, int number) => stall.PatchAsync(Kinds.HorizontalPodAutoscaler, "web",
        $$"""{ "metadata": { "labels": { "touched": "{{number}}" } } }""");
}
