using System.Collections.Concurrent;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Npgsql;

namespace Heal.DurableTask.Engine.Tests.Faults;

/// <summary>What workers and clients asked a hub to store, and what they were told; compared with what is stored.</summary>
internal sealed class CommitLedger
{
    private readonly ConcurrentQueue<AskedTurn> _turns = new();
    private readonly ConcurrentQueue<AskedStart> _starts = new();

    public IReadOnlyCollection<AskedTurn> Turns => _turns;

    public IReadOnlyCollection<AskedStart> Starts => _starts;

    /// <summary>A process's connection to the hub.</summary>
    public ITaskHub Around(ITaskHub hub) => HubProxy.AroundLocal(hub, (method, arguments) => method switch
    {
        nameof(ITaskHub.CommitTurnAsync) => CommitAsync(hub, (TurnCommit)arguments[0]!),
        nameof(ITaskHub.CreateInstanceAsync) =>
            CreateAsync(hub, (NewInstance)arguments[0]!, (IReadOnlyCollection<global::DurableTask.Core.OrchestrationStatus>)arguments[1]!),
        _ => null,
    });

    /// <summary>Everybody was told, and what is stored is what was told.</summary>
    /// <param name="histories">The stored history of each instance, by its id.</param>
    public IEnumerable<string> Faults(IReadOnlyDictionary<string, StoredHistory> histories)
    {
        foreach (AskedStart start in _starts)
        {
            bool isStored = histories.TryGetValue(start.InstanceId, out StoredHistory? stored) && stored.ExecutionId == start.ExecutionId;
            if (start.Told == Told.Nothing || (start.Told == Told.Stored && !isStored) || (start.Told == Told.Refused && isStored))
            {
                yield return $"start of '{start.InstanceId}' ({start.ExecutionId}): told {start.Told}, stored: {isStored}";
            }
        }

        foreach (AskedTurn turn in _turns)
        {
            bool isStored = turn.Events.Count > 0 && histories.TryGetValue(turn.InstanceId, out StoredHistory? stored)
                && stored.ExecutionId == turn.ExecutionId && turn.IsIn(stored.Events);
            if (turn.Told == Told.Nothing || (turn.Told == Told.Stored && !isStored) || (turn.Told == Told.Refused && isStored))
            {
                yield return $"turn {turn.HistoryCount} of '{turn.InstanceId}': told {turn.Told} ({turn.Why}), stored: {isStored}";
            }
        }

        foreach ((string id, StoredHistory stored) in histories)
        {
            AskedTurn[] turns = [.. _turns.Where(turn => turn.InstanceId == id && turn.ExecutionId == stored.ExecutionId)];
            int position = 0;
            while (position < stored.Events.Count)
            {
                AskedTurn[] next =
                    [.. turns.Where(turn => turn.HistoryCount == position && turn.Events.Count > 0 && turn.IsIn(stored.Events))];
                if (next.Length != 1)
                {
                    yield return $"'{id}' has {stored.Events.Count} events; from event {position} on they are those of {next.Length} turns";
                    break;
                }

                position += next[0].Events.Count;
            }
        }
    }

    private async Task<TurnReceipt> CommitAsync(ITaskHub hub, TurnCommit turn)
    {
        var asked = new AskedTurn(
            turn.Lock.InstanceId, turn.ExecutionId, turn.HistoryCount, [.. turn.NewHistory.Select(HistorySerializer.Serialize)]);
        _turns.Enqueue(asked);
        try
        {
            TurnReceipt receipt = await hub.CommitTurnAsync(turn);
            asked.Told = Told.Stored;
            return receipt;
        }
        catch (Exception failure)
        {
            asked.Why = $"{failure.GetType().Name}: {failure.Message}";
            asked.Told = Meaning(failure);
            throw;
        }
    }

    private async Task<bool> CreateAsync(
        ITaskHub hub, NewInstance created, IReadOnlyCollection<global::DurableTask.Core.OrchestrationStatus> reusable)
    {
        var asked = new AskedStart(created.InstanceId, created.ExecutionId);
        _starts.Enqueue(asked);
        try
        {
            await hub.CreateInstanceAsync(created, reusable);
            asked.Told = Told.Stored;
            return true;
        }
        catch (Exception failure)
        {
            asked.Told = Meaning(failure);
            throw;
        }
    }

    private static Told Meaning(Exception failure) => failure
        is WorkItemLockLostException or OrchestrationAlreadyExistsException or PostgresException { InvariantSeverity: "ERROR" }
        ? Told.Refused
        : Told.Unknown;
}

/// <summary>What came of a request, for whoever made it.</summary>
internal enum Told
{
    Nothing,
    Stored,
    Refused,

    /// <summary>It was stored or not.</summary>
    Unknown,
}

internal sealed record AskedStart(string InstanceId, string ExecutionId)
{
    public Told Told { get; set; }
}

/// <param name="Events">In their stored form: the times in them tell one attempt at a turn from the next.</param>
internal sealed record AskedTurn(string InstanceId, string ExecutionId, int HistoryCount, IReadOnlyList<string> Events)
{
    public Told Told { get; set; }

    public string? Why { get; set; }

    public bool IsIn(IReadOnlyList<string> history) =>
        history.Count >= HistoryCount + Events.Count && history.Skip(HistoryCount).Take(Events.Count).SequenceEqual(Events);
}

/// <summary>An instance's history in its stored form.</summary>
internal sealed record StoredHistory(string ExecutionId, IReadOnlyList<string> Events);
