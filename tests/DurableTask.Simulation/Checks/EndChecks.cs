using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Shared.Tests.Programs;
using Heal.Shared.Tests.Programs.Checks;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests.Checks;

/// <summary>What must hold of an instance at its end, whatever went wrong on the way.</summary>
internal sealed class EndChecks(Scenario scenario, Settings settings, InMemoryStorage storage, Repairs repairs)
{
    public void Run(StoredInstance instance, Life life, Audit audit)
    {
        HasEndedAsExpected(instance.State, life);
        NothingIsLeftOf(instance);
        var history = instance.History.ConvertAll(HistorySerializer.DeserializeEvent);
        HistoryIsWhatWasCommitted(instance, audit);
        HistoryChecks.IsWellFormed(instance.State, history);
        ReplayCheck.Reproduces(scenario, settings.MaximumTimerInterval, instance.State, history, life.FirstRound);
    }

    private void HasEndedAsExpected(InstanceState state, Life life)
    {
        if (life.Order is null || (state.Status == OrchestrationStatus.Terminated && MayEndWithAnother(life)))
        {
            return;
        }

        var program = scenario.Programs[life.Order.Program];
        if (state.Status == OrchestrationStatus.Failed && repairs.FailsBeforeItsEnd(program))
        {
            return;
        }

        var expected = scenario.CallerOf(program) is { } caller
            ? Model.Run(program, caller.Id)
            : Model.Run(program, life.Order.Sum, life.Order.Round);
        ResultCheck.IsAsExpected(state, expected);
    }

    /// <summary>True of one that is replaced, and below an instance that was terminated with its sub-orchestrations.</summary>
    private bool MayEndWithAnother(Life life)
    {
        for (var above = life.Parent; above is not null; above = above.Parent)
        {
            if (scenario.Programs[above.Order!.Program].Ending == Ending.Wait
                && scenario.Roots.All(root => root.InstanceId != above.InstanceId || root.Recursive))
            {
                return true;
            }
        }

        return life.MayBeReplaced;
    }

    private void NothingIsLeftOf(StoredInstance instance)
    {
        if (instance.Inbox.Count > 0)
        {
            throw new Violation("nothing is left over", $"{instance.Inbox.Count} messages of '{instance.State.InstanceId}'");
        }

        if (storage.Activities.Values.FirstOrDefault(activity => activity.InstanceId == instance.State.InstanceId) is { } left)
        {
            throw new Violation("nothing is left over", $"activity {left.TaskId} of '{left.InstanceId}'");
        }
    }

    private static void HistoryIsWhatWasCommitted(StoredInstance instance, Audit audit)
    {
        var committed = audit.HistoryOf(instance.State.ExecutionId).Select(HistorySerializer.Serialize);
        if (!committed.SequenceEqual(instance.History, StringComparer.Ordinal))
        {
            throw new Violation("history is what was committed", $"'{instance.State.InstanceId}'");
        }
    }
}
