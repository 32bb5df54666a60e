using System.Text.Json;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Converters;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Shared.Tests.Programs.Checks;

/// <summary>History equals replay: a fresh session that plays the stored history comes to the stored end, and has nothing to add.</summary>
internal static class ReplayCheck
{
    /// <param name="firstRound">That of the instance's first execution: a restart begins with the last round of what it restarts.</param>
    public static void Reproduces(
        Scenario scenario,
        TimeSpan maximumTimerInterval,
        InstanceState state,
        IReadOnlyList<HistoryEvent> history,
        int firstRound = 0)
    {
        var services = new OrchestrationServices(
            JsonDataConverter.Default, NullLoggerFactory.Instance, TimeProvider.System, maximumTimerInterval, "", null)
        {
            EntitiesEnabled = true,
        };
        var interpreter = new Interpreter(scenario);
        using var session = new OrchestrationSession(
            services,
            start => start.Name == Interpreter.TalkerName
                ? FuncTaskOrchestrator.Create<int, long>(Interpreter.TalkerAsync)
                : FuncTaskOrchestrator.Create<Order, long>(interpreter.RunAsync),
            InheritedStatus(scenario, state, firstRound),
            scope: null);
        session.Replay(history);
        var result = session.Play([]);

        // What a turn began before it read of its termination is not stored.
        bool addsSomething = result.Actions.Count > 0 && state.Status != OrchestrationStatus.Terminated;
        if (addsSomething
            || result.ContinueAsNew is not null
            || result.Status != state.Status
            || result.Output != state.Output
            || result.Failure?.ErrorMessage != state.Failure?.ErrorMessage
            || result.CustomStatus != state.CustomStatus)
        {
            throw new Violation(
                "history equals replay",
                $"'{state.InstanceId}' is stored as {state.Status} {state.Output} {state.Failure?.ErrorMessage} {state.CustomStatus}, "
                + $"its history replays to {result.Status} {result.Output} {result.Failure?.ErrorMessage} {result.CustomStatus} "
                + $"with {result.Actions.Count} actions more\n{string.Join('\n', history.Select(HistoryText.Describe))}");
        }
    }

    /// <summary>The custom status that the last execution found when it began: that of the round before.</summary>
    private static string? InheritedStatus(Scenario scenario, InstanceState state, int firstRound) =>
        state.Name == scenario.ProgramName && JsonSerializer.Deserialize<Order>(state.Input!) is { } order && order.Round > firstRound
            ? Model.StatusAfter(scenario.Programs[order.Program], order.Round - 1)?.ToString()
            : null;
}
