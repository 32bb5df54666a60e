using System.Diagnostics.CodeAnalysis;
using System.Globalization;
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
        || turn.Messages.Any(message => IsLarge(message.Event))
        || turn.EntityMessages.Any(message => IsLarge(message.Message.Input));

    public bool IsLarge(EntityCommit batch) =>
        IsLarge(batch.State)
        || batch.Messages.Any(message => IsLarge(message.Event))
        || batch.EntityMessages.Any(message => IsLarge(message.Message.Input))
        || batch.Orchestrations.Any(created => IsLarge(created.Start));

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
            SubOrchestrations = [.. turn.SubOrchestrations.Select(TakeFrom)],
            Messages = [.. turn.Messages.Select(TakeFrom)],
            EntityMessages = [.. turn.EntityMessages.Select(TakeFrom)],
        };
    }

    /// <summary>A state is a payload of its own at each writing: nothing but the entity refers to it, so that it can go when it is
    /// replaced.</summary>
    public EntityCommit TakeFrom(EntityCommit batch) => batch with
    {
        State = batch.State is { } state && IsLarge(state)
            ? Add(state, PayloadToken.Create(batch.Lock.EntityId, state, batch.Lock.Fence.ToString(CultureInfo.InvariantCulture)))
            : batch.State,
        Messages = [.. batch.Messages.Select(TakeFrom)],
        EntityMessages = [.. batch.EntityMessages.Select(TakeFrom)],
        Orchestrations = [.. batch.Orchestrations.Select(TakeFrom)],
    };

    public NewInstance TakeFrom(NewInstance created) => created with { Start = TakeFrom(created.InstanceId, created.Start) };

    public OutgoingMessage TakeFrom(OutgoingMessage message) => message with { Event = TakeFrom(message.InstanceId, message.Event) };

    /// <summary>An operation's input is a payload of its own, even if another has the same: it goes with its message.</summary>
    public OutgoingEntityMessage TakeFrom(OutgoingEntityMessage sent) => sent.Message.Input is { } input && IsLarge(input)
        ? sent with
        {
            Message = sent.Message with { Input = Add(input, PayloadToken.Create(sent.EntityId, input, Guid.NewGuid().ToString("N"))) },
        }
        : sent;

    /// <summary>Stores what was taken out: before what refers to it.</summary>
    public async Task StoreAsync(IPayloadStore store, CancellationToken cancellationToken)
    {
        if (Taken is { Count: > 0 } taken)
        {
            await store.PutPayloadsAsync(taken, cancellationToken);
        }
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

        return Add(text, PayloadToken.Create(owner, text));
    }

    private string Add(string text, (string Token, StoredPayload Payload) created)
    {
        _taken.Add((text, created.Token, created.Payload));
        return created.Token;
    }
}
