using System.Diagnostics.CodeAnalysis;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace DurableTask.Core.Payloads;

/// <summary>Takes the large payloads out of what a hub is to store, and leaves tokens.</summary>
internal sealed class OutgoingPayloads(int thresholdBytes)
{
    private readonly List<(string Text, string Token, StoredPayload Payload)> _taken = [];

    /// <summary>What was taken out, each once.</summary>
    public IReadOnlyCollection<StoredPayload> Taken => [.. _taken.Select(taken => taken.Payload).DistinctBy(payload => payload.Id)];

    public bool IsLarge(string? text) =>
        text is not null && (LargePayloadOptions.Exceeds(text, thresholdBytes) || PayloadToken.IsLikeToken(text));

    public bool IsLarge(HistoryEvent entry) => IsLarge(EventPayloads.Of(entry));

    public bool IsLarge(TurnCommit turn) =>
        IsLarge(turn.CustomStatus)
        || IsLarge(turn.Output)
        || (turn.ContinueAs is { } start && IsLarge(start))
        || turn.CarriedEvents.Any(IsLarge)
        || turn.NewHistory.Any(IsLarge)
        || turn.Activities.Any(IsLarge)
        || turn.SubOrchestrations.Any(created => IsLarge(created.Start))
        || turn.Messages.Any(message => IsLarge(message.Event));

    [return: NotNullIfNotNull(nameof(text))]
    public string? TakeFrom(string owner, string? text) => IsLarge(text) ? Take(owner, text!) : text;

    public T TakeFrom<T>(string owner, T entry)
        where T : HistoryEvent =>
        EventPayloads.Of(entry) is { } text && IsLarge(text) ? (T)EventPayloads.With(entry, Take(owner, text)) : entry;

    public TurnCommit TakeFrom(TurnCommit turn)
    {
        var owner = turn.Lock.InstanceId;
        return turn with
        {
            CustomStatus = TakeFrom(owner, turn.CustomStatus),
            Output = TakeFrom(owner, turn.Output),
            ContinueAs = turn.ContinueAs is { } start ? TakeFrom(owner, start) : null,
            CarriedEvents = [.. turn.CarriedEvents.Select(carried => TakeFrom(owner, carried))],
            NewHistory = [.. turn.NewHistory.Select(entry => TakeFrom(owner, entry))],
            Activities = [.. turn.Activities.Select(task => TakeFrom(owner, task))],
            SubOrchestrations = [.. turn.SubOrchestrations.Select(
                created => created with { Start = TakeFrom(created.InstanceId, created.Start) })],
            Messages = [.. turn.Messages.Select(message => message with { Event = TakeFrom(message.InstanceId, message.Event) })],
        };
    }

    private string Take(string owner, string text)
    {
        // The history and the scheduled activity, for example, hold the same text.
        foreach (var (known, token, payload) in _taken)
        {
            if (ReferenceEquals(known, text) && payload.InstanceId == owner)
            {
                return token;
            }
        }

        var created = PayloadToken.Create(owner, text);
        _taken.Add((text, created.Token, created.Payload));
        return created.Token;
    }
}
