using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests.Faults;

/// <summary>
/// Bugs that a hub or an engine could have, built in on purpose: each takes one guarantee away. A simulation that does not notice one of
/// them proves nothing. The README says which invariant notices which.
/// </summary>
internal static class Defects
{
    /// <summary>By the name of the bug.</summary>
    public static IReadOnlyDictionary<string, Func<ITaskHub, InMemoryStorage, ITaskHub>> All { get; } =
        new Dictionary<string, Func<ITaskHub, InMemoryStorage, ITaskHub>>(StringComparer.Ordinal)
        {
            ["the fence of a turn is not checked"] = (hub, storage) => new FencelessHub(hub, storage),
            ["the lock of an activity is not checked"] = (hub, storage) => new LocklessActivities(hub, storage),
            ["an abandoned turn loses a message"] = (hub, storage) => new ForgetfulAbandon(hub, storage),
            ["timers outlive continue-as-new"] = (hub, storage) => new ImmortalTimers(hub, storage),
            ["an activity completes twice"] = (hub, storage) => new TwiceCompleted(hub, storage),
            ["continue-as-new loses the events that it carries"] = (hub, _) => new LostLuggage(hub),
            ["events that continue-as-new carries come after later ones"] = (hub, _) => new LateLuggage(hub),
            ["consumed messages stay"] = (hub, _) => new RepeatedMessages(hub),
            ["a turn is stored in part: its activities are not"] = (hub, _) => new TornCommit(hub),
            ["a sub-orchestration's end reaches nobody"] = (hub, _) => new MuteChildren(hub),
            ["leases are not renewed"] = (hub, _) => new NoRenewal(hub),
            ["the order of messages is turned round"] = (hub, _) => new ReversedMessages(hub),
            ["a sub-orchestration's end reaches whoever has its parent's id"] = (hub, storage) => new StrayEnds(hub, storage),
            ["a late turn is stored in whatever has its instance's id"] = (hub, storage) => new StrayTurns(hub, storage),
            ["a purge takes what runs"] = (hub, storage) => new RuthlessPurge(hub, storage),
            ["a purge leaves something"] = (hub, _) => new LazyPurge(hub),
            ["a rewind adds to the history that it replaces"] = (hub, _) => new AddedRewind(hub),
            ["sub-orchestrations are not rewound with their parents"] = (hub, _) => new LonelyRewind(hub),
            ["an outcome is refused although its lock is held"] = (hub, _) => new RefusedOutcomes(hub),
            ["limits are not looked at"] = (hub, _) => new UnlimitedLocks(hub),
        };

    private sealed class FencelessHub(ITaskHub hub, InMemoryStorage storage) : PassingHub(hub)
    {
        public override Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default)
        {
            if (storage.Instances.TryGetValue(turn.Lock.InstanceId, out var instance) && !instance.State.Status.IsTerminal())
            {
                turn = turn with
                {
                    Lock = turn.Lock with { Fence = instance.Fence, WorkerId = instance.LockedBy ?? turn.Lock.WorkerId },
                    LockHeld = instance.LockedBy is not null,
                    HistoryCount = instance.History.Count,
                    ExecutionId = instance.State.ExecutionId,
                };
            }

            return base.CommitTurnAsync(turn, cancellationToken);
        }
    }

    private sealed class LocklessActivities(ITaskHub hub, InMemoryStorage storage) : PassingHub(hub)
    {
        public override async Task CompleteActivityAsync(
            ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken = default)
        {
            try
            {
                await base.CompleteActivityAsync(held, outcome, cancellationToken);
            }
            catch (WorkItemLockLostException) when (storage.Instances.TryGetValue(held.InstanceId, out var instance)
                && !instance.State.Status.IsTerminal())
            {
                storage.Post(instance, instance.State.ExecutionId, HistorySerializer.Serialize(outcome), instance.State.UpdatedAt);
            }
        }
    }

    private sealed class ForgetfulAbandon(ITaskHub hub, InMemoryStorage storage) : PassingHub(hub)
    {
        public override async Task AbandonOrchestrationAsync(
            OrchestrationLock held, TimeSpan delay, CancellationToken cancellationToken = default)
        {
            await base.AbandonOrchestrationAsync(held, delay, cancellationToken);
            if (storage.Instances.TryGetValue(held.InstanceId, out var instance) && instance.Inbox.Count > 0)
            {
                instance.Inbox.RemoveAt(instance.Inbox.Count - 1);
            }
        }
    }

    private sealed class ImmortalTimers(ITaskHub hub, InMemoryStorage storage) : PassingHub(hub)
    {
        public override async Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default)
        {
            StoredMessage[] timers = turn.ContinueAs is null || !storage.Instances.TryGetValue(turn.Lock.InstanceId, out var instance)
                ? []
                : [.. instance.Inbox.Where(message => message.TimerId is not null)];
            var receipt = await base.CommitTurnAsync(turn, cancellationToken);
            foreach (var timer in timers)
            {
                var target = storage.Instances[turn.Lock.InstanceId];
                target.Inbox.Add(timer with { ExecutionId = target.State.ExecutionId });
            }

            return receipt;
        }
    }

    private sealed class TwiceCompleted(ITaskHub hub, InMemoryStorage storage) : PassingHub(hub)
    {
        public override async Task CompleteActivityAsync(
            ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken = default)
        {
            await base.CompleteActivityAsync(held, outcome, cancellationToken);
            var instance = storage.Instances[held.InstanceId];
            storage.Post(instance, instance.State.ExecutionId, HistorySerializer.Serialize(outcome), instance.State.UpdatedAt);
        }
    }

    private sealed class LostLuggage(ITaskHub hub) : PassingHub(hub)
    {
        public override Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
            base.CommitTurnAsync(turn with { CarriedEvents = [] }, cancellationToken);
    }

    private sealed class LateLuggage(ITaskHub hub) : PassingHub(hub)
    {
        public override Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
            base.CommitTurnAsync(
                turn with
                {
                    CarriedEvents = [],
                    Messages =
                    [
                        .. turn.Messages,
                        .. turn.CarriedEvents.Select(carried => new OutgoingMessage(turn.Lock.InstanceId, null, carried)),
                    ],
                },
                cancellationToken);
    }

    private sealed class RepeatedMessages(ITaskHub hub) : PassingHub(hub)
    {
        public override Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
            base.CommitTurnAsync(
                turn.ConsumedMessages.Count < 2 ? turn : turn with { ConsumedMessages = [.. turn.ConsumedMessages.SkipLast(1)] },
                cancellationToken);
    }

    private sealed class TornCommit(ITaskHub hub) : PassingHub(hub)
    {
        public override Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
            base.CommitTurnAsync(turn with { Activities = [], ClaimActivities = 0 }, cancellationToken);
    }

    private sealed class MuteChildren(ITaskHub hub) : PassingHub(hub)
    {
        public override Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
            base.CommitTurnAsync(
                turn with { Messages = [.. turn.Messages.Where(message => message.ExecutionId is null)] }, cancellationToken);
    }

    private sealed class NoRenewal(ITaskHub hub) : PassingHub(hub)
    {
        public override Task<LostLocks> RenewLocksAsync(
            IReadOnlyCollection<OrchestrationLock> orchestrations,
            IReadOnlyCollection<ActivityLock> activities,
            TimeSpan lease,
            CancellationToken cancellationToken = default) => Task.FromResult(LostLocks.None);
    }

    private sealed class ReversedMessages(ITaskHub hub) : PassingHub(hub)
    {
        public override async Task<IReadOnlyList<OrchestrationWorkItem>> LockOrchestrationsAsync(
            LockRequest request, CancellationToken cancellationToken = default)
        {
            var items = await base.LockOrchestrationsAsync(request, cancellationToken);
            return [.. items.Select(item => item.HistoryCount == 0 ? item : item with { Messages = [.. item.Messages.Reverse()] })];
        }
    }

    private sealed class StrayEnds(ITaskHub hub, InMemoryStorage storage) : PassingHub(hub)
    {
        public override Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
            base.CommitTurnAsync(turn with { Messages = [.. turn.Messages.Select(Redirect)] }, cancellationToken);

        private OutgoingMessage Redirect(OutgoingMessage sent) =>
            sent.ExecutionId is not null && storage.Instances.TryGetValue(sent.InstanceId, out var target)
                ? sent with { ExecutionId = target.State.ExecutionId }
                : sent;
    }

    private sealed class StrayTurns(ITaskHub hub, InMemoryStorage storage) : PassingHub(hub)
    {
        public override Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default)
        {
            if (storage.Instances.TryGetValue(turn.Lock.InstanceId, out var instance) && instance.State.ExecutionId != turn.ExecutionId)
            {
                turn = turn with
                {
                    Lock = turn.Lock with { Fence = instance.Fence, WorkerId = instance.LockedBy ?? turn.Lock.WorkerId },
                    LockHeld = instance.LockedBy is not null,
                    HistoryCount = instance.History.Count,
                    ExecutionId = instance.State.ExecutionId,
                };
            }

            return base.CommitTurnAsync(turn, cancellationToken);
        }
    }

    private sealed class RuthlessPurge(ITaskHub hub, InMemoryStorage storage) : PassingHub(hub)
    {
        public override Task<int> PurgeInstancesAsync(
            IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken = default) =>
            Task.FromResult(instanceIds.Count(storage.Instances.Remove));
    }

    private sealed class LazyPurge(ITaskHub hub) : PassingHub(hub)
    {
        public override Task<int> PurgeInstancesAsync(
            IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken = default) =>
            base.PurgeInstancesAsync([.. instanceIds.Order(StringComparer.Ordinal).SkipLast(instanceIds.Count / 2)], cancellationToken);
    }

    private sealed class AddedRewind(ITaskHub hub) : PassingHub(hub)
    {
        public override Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
            base.CommitTurnAsync(turn with { ReplacesHistory = false }, cancellationToken);
    }

    private sealed class LonelyRewind(ITaskHub hub) : PassingHub(hub)
    {
        public override Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
            base.CommitTurnAsync(turn with { RewoundChildren = [] }, cancellationToken);
    }

    private sealed class RefusedOutcomes(ITaskHub hub) : PassingHub(hub)
    {
        public override Task CompleteActivityAsync(
            ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken = default) =>
            throw WorkItemLockLostException.ForActivity(held.InstanceId, held.TaskId);
    }

    private sealed class UnlimitedLocks(ITaskHub hub) : PassingHub(hub)
    {
        public override Task<IReadOnlyList<ActivityWorkItem>> LockActivitiesAsync(
            LockRequest request, CancellationToken cancellationToken = default) =>
            base.LockActivitiesAsync(request with { Limits = null }, cancellationToken);

        public override Task<IReadOnlyList<OrchestrationWorkItem>> LockOrchestrationsAsync(
            LockRequest request, CancellationToken cancellationToken = default) =>
            base.LockOrchestrationsAsync(request with { Limits = null }, cancellationToken);
    }
}
