using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>
/// Routes the signals that wait in the store, one batch after the other. The hub runs one instance of it at a time, on whichever host:
/// that bounds the share of the machines that routing takes, however many signals come.
/// </summary>
[DurableTask(OrchestrationNames.RouteSignals)]
internal sealed class RouteSignalsOrchestrator : TaskOrchestrator<RoutingRun, RoutingRun>
{
    /// <summary>Then it begins anew, which keeps its history short.</summary>
    private const int BatchesPerGeneration = 20;

    public override async Task<RoutingRun> RunAsync(TaskOrchestrationContext context, RoutingRun? input)
    {
        var run = input ?? new RoutingRun();
        for (var batch = 0; batch < BatchesPerGeneration; batch++)
        {
#pragma warning disable DURABLE2003 // It needs the durable client, and so lives beside the triggers, in a project that references this one.
            var report = await context.CallActivityAsync<RoutingReport>(ActivityNames.RouteSignals, run, Retries.Store);
#pragma warning restore DURABLE2003
            run = new RoutingRun(run.Routed + report.Routed, run.Failed + report.Failed, report.NextDueAt);
            if (!report.More) return run;
        }

        context.ContinueAsNew(run);
        return run;
    }
}
