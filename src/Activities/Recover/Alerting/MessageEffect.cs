using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Activities;

/// <summary>
/// Sends one message. A webhook cannot be asked what it has: after a kill between sending and the ledger it is sent again, under the same
/// key, by which the receiver knows it for the same.
/// </summary>
/// <param name="DedupKey">Of the message that is taken back; null: a new one, under the operation's own key.</param>
internal sealed record MessageEffect(
    bool Ticket, string Title, string Text, string Target, string IncidentId, string? DedupKey = null) : Effect
{
    [JsonIgnore]
    public override string Subject => Ticket ? "ticket" : "notification";

    [JsonIgnore]
    public override bool IsReversible => Ticket && DedupKey is null;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (tools.Ports.Messenger is not { } messenger) return new Look(Sight.Gone, "no receiver is set any more");
        var name = messenger.Receipt(DedupKey ?? key, DedupKey is not null);
        if (name is null)
        {
            // Another process sent it, or this one before it was started anew.
            var row = await tools.Store.FindOperationAsync(key, cancellationToken);
            if (row is not { State: OperationState.Confirmed }) return Look.NotApplied(null);
        }

        return Look.Applied(null, new JsonObject { ["name"] = name, ["dedupKey"] = DedupKey ?? key }, $"the receiver calls it {name}");
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (dryRun) return WriteAnswer.Taken;
        try
        {
            await tools.Ports.Messenger!.SendAsync(
                new Message(DedupKey ?? key, Ticket, DedupKey is not null, Title, Text, Target, IncidentId), cancellationToken);
            return WriteAnswer.Taken;
        }
        catch (MessageException e)
        {
            return e.IsFinal ? WriteAnswer.Refused(e.Message) : WriteAnswer.Later(e.Message);
        }
    }

    public override Effect? Inverse(JsonObject post) =>
        IsReversible && post.Text("dedupKey") is { } key ? this with { DedupKey = key } : null;

    public override IReadOnlyList<string> Describe() => [$"{Subject} '{Title}': {(DedupKey is null ? "sent" : "closed")}"];
}
