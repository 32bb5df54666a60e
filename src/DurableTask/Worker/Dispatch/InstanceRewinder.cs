using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Takes the first turn of an instance that was rewound: finds what can be kept of its history, and stores that with the turn. Failed
/// sub-orchestrations are rewound in the same transaction.
/// </summary>
internal sealed partial class InstanceRewinder(WorkerRuntime runtime, OrchestrationSessions sessions)
{
    private readonly ILogger _logger = runtime.Services.Loggers.Orchestrations;

    /// <summary>True when this turn has to begin with a rewind.</summary>
    public static bool IsNeeded(OrchestrationWorkItem item, CachedInstance instance) =>
        item.Messages.Any(message => message.Event is ExecutionRewoundEvent)
        && instance.History.Exists(entry => entry is ExecutionCompletedEvent { OrchestrationStatus: OrchestrationStatus.Failed });

    public async Task RunTurnAsync(CachedInstance instance, OrchestrationWorkItem item, IEnumerable<HistoryEvent> events)
    {
        DateTime now = runtime.Services.UtcNow();
        HistoryEvent[] played = [new OrchestratorStartedEvent(-1) { Timestamp = now }, .. events];
        IReadOnlyDictionary<string, OrchestrationStatus> children = await ReadChildrenAsync(instance);
        RewoundHistory[] candidates = [.. RewoundHistory.Candidates(instance.History, children.ContainsKey)];
        for (int i = 0; i < candidates.Length; i++)
        {
            RewoundHistory candidate = candidates[i];
            using var rewound = new CachedInstance(instance.InstanceId, instance.ExecutionId, [.. candidate.Kept])
            {
                CustomStatus = instance.CustomStatus,
            };
            OrchestrationSession session = rewound.Session = sessions.Rebuild(rewound, isRewinding: true);
            TurnResult result = session.Play(played);
            if (result.Status == OrchestrationStatus.Failed && i < candidates.Length - 1)
            {
                continue; // What is left does not fit the code, or still fails it: something more has to go.
            }

            TurnCommit turn = TurnBuilder.Build(item.Lock, rewound, session.Start, played, result, now, runtime.Services);
            sessions.Report(rewound, session.Start, played, result);
            await runtime.Hub.CommitTurnAsync(turn with
            {
                ConsumedMessages = [.. item.Messages.Select(message => message.Id)],
                HistoryCount = instance.History.Count,
                ReplacesHistory = true,
                NewHistory = result.ContinueAsNew is null ? [.. candidate.Kept, .. turn.NewHistory] : [],
                RewoundChildren = [.. Rewound(result, candidate, children, played, now)],
            });
            Log.Rewound(_logger, instance.InstanceId, candidate.Kept.Count, instance.History.Count, candidate.Children.Count);
            return;
        }
    }

    private static IEnumerable<RewoundChild> Rewound(
        TurnResult result,
        RewoundHistory candidate,
        IReadOnlyDictionary<string, OrchestrationStatus> children,
        IEnumerable<HistoryEvent> played,
        DateTime now)
    {
        string? reason = played.OfType<ExecutionRewoundEvent>().First().Reason;
        return result.Status.IsTerminal()
            ? []
            : candidate.Children
                .Where(child => children[child.InstanceId!] == OrchestrationStatus.Failed)
                .Select(child => new RewoundChild(
                    child.InstanceId!,
                    new ExecutionRewoundEvent(-1, reason) { Timestamp = now },
                    HubErrors.SubOrchestrationNotRewound(child, now)));
    }

    /// <summary>The sub-orchestrations that can still answer this instance: those that failed, and those that run.</summary>
    private async Task<IReadOnlyDictionary<string, OrchestrationStatus>> ReadChildrenAsync(CachedInstance instance)
    {
        var children = new Dictionary<string, OrchestrationStatus>(StringComparer.Ordinal);
        HashSet<int> completed =
            [.. instance.History.OfType<SubOrchestrationInstanceCompletedEvent>().Select(done => done.TaskScheduledId)];
        foreach (string id in instance.History.OfType<SubOrchestrationInstanceCreatedEvent>()
            .Where(child => !completed.Contains(child.EventId)).Select(child => child.InstanceId!).Distinct(StringComparer.Ordinal))
        {
            InstanceState? state = await runtime.Hub.GetInstanceAsync(id, withPayloads: false);
            if (state?.ParentInstanceId == instance.InstanceId
                && (state.Status == OrchestrationStatus.Failed || !state.Status.IsTerminal()))
            {
                children.Add(id, state.Status);
            }
        }

        return children;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 612, Level = LogLevel.Information,
            Message = "'{InstanceId}': rewound; {Kept} of {All} events were kept, and {Children} sub-orchestration(s) go on.")]
        public static partial void Rewound(ILogger logger, string instanceId, int kept, int all, int children);
    }
}
