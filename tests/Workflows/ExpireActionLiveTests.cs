using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing;

namespace Heal.Workflows.Tests;

/// <summary>The end of an effect on the engine itself, which a scripted context cannot stand for: whoever awaits anything but durable tasks
/// leaves the turn, and sleeps for ever.</summary>
public sealed class ExpireActionLiveTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_word_that_its_incident_is_healed_wakes_it_a_day_before_its_time()
    {
        await using var host = await DurableTaskTestHost.StartAsync(tasks =>
        {
            tasks.AddOrchestrator<ExpireActionOrchestrator>(OrchestrationNames.ExpireAction);
            tasks.AddActivityFunc<ExpiryRequest, NeedLook>(ActivityNames.LookAtNeed, (_, _) => new NeedLook(null));
            tasks.AddActivityFunc<UndoRequest, ActionResult>(
                ActivityNames.UndoAction, (_, request) => new ActionResult(request!.Key, ActionStatus.Applied, "it is as it was"));
        });
        var target = new TargetReference("test", TargetKinds.PodDisruptionBudget, "shop", "web");
        var expiry = new ExpiryRequest("incident-1/1", "incident-1", "relax_pdb", target, DateTimeOffset.UtcNow.AddDays(1))
        {
            EndsWithNeed = true,
        };
        var id = await host.Client.ScheduleNewOrchestrationInstanceAsync(OrchestrationNames.ExpireAction, expiry);
        await host.Client.RaiseEventAsync(id, ExpiryRequest.Recovered, "1 disruptions are allowed");

        using var limit = new CancellationTokenSource(Patience);
        var ended = await host.Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, limit.Token);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        var outcome = ended.ReadOutputAs<ExpiryOutcome>()!;
        Assert.Equal((ActionStatus.Applied, 1), (outcome.Status, outcome.Attempts));
    }
}
