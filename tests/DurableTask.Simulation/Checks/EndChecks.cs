using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.DurableTask.Simulation.Tests.Programs;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests.Checks;

/// <summary>What must hold of an instance at its end, whatever went wrong on the way.</summary>
internal sealed class EndChecks(Scenario scenario, Settings settings, InMemoryStorage storage, Activities activities)
{
    public void Run(StoredInstance instance, Life life, Audit audit)
    {
        HasEndedAsExpected(instance.State, life);
        NothingIsLeftOf(instance);
        var history = instance.History.ConvertAll(HistorySerializer.DeserializeEvent);
        HistoryIsWhatWasCommitted(instance, audit);
        HistoryChecks.IsWellFormed(instance.State, history);
        ReplayCheck.Reproduces(scenario, settings, instance.State, history, audit.InheritedStatusOf(instance.State.ExecutionId));
    }

    private void HasEndedAsExpected(InstanceState state, Life life)
    {
        if (life.Order is null || (state.Status == OrchestrationStatus.Terminated && MayEndWithAnother(life)))
        {
            return;
        }

        var program = scenario.ProgramOf(life);
        if (state.Status == OrchestrationStatus.Failed && activities.FailsBeforeItsEnd(program))
        {
            return;
        }

        var expected = scenario.CallerOf(program) is { } caller
            ? Model.Run(program, caller.Id)
            : Model.Run(program, life.Order.Sum, life.Order.Round);
        string output = state.Status == OrchestrationStatus.Failed ? state.Failure!.ErrorMessage : state.Output ?? "";
        if (state.Status != expected.Status || output != $"{expected.Output}")
        {
            throw new Violation(
                "results are those of the model",
                $"'{state.InstanceId}' expected {expected.Status} {expected.Output}, got {state.Status} {output} {state.Failure}");
        }

        if (state.Status != OrchestrationStatus.Terminated && state.CustomStatus != expected.CustomStatus?.ToString())
        {
            throw new Violation(
                "results are those of the model",
                $"'{state.InstanceId}' expected the custom status {expected.CustomStatus}, got {state.CustomStatus}");
        }
    }

    /// <summary>True of one that is replaced, and below an instance that was terminated with its sub-orchestrations.</summary>
    private bool MayEndWithAnother(Life life)
    {
        for (var above = life.Parent; above is not null; above = above.Parent)
        {
            if (scenario.ProgramOf(above).Ending == Ending.Wait
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
