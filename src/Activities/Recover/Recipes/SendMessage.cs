using Heal.Healing;

namespace Heal.Activities;

/// <summary>Tells people of a target, or opens a ticket for it. The fault stays what it is.</summary>
internal sealed class SendMessage(bool ticket) : IRecipe
{
    /// <summary>What people are called for when nothing of it can be healed.</summary>
    public static readonly string[] Handed =
    [
        Causes.NoChangeFound, Causes.NodePressure, Causes.NodeNotReady, Causes.QuotaExceeded, Causes.Unschedulable,
        Causes.CapacityExhausted, Causes.VolumeNotBound, Causes.DiskFilling, Causes.ImagePullUnchanged, Causes.MissingObject,
    ];

    public ActionDescriptor Descriptor { get; } = new(
        ticket ? "open_ticket" : "notify",
        RiskClass.R1,
        Handed,
        SilenceAlert.Kinds,
        [
            new ActionParameter("title", ParameterKind.Text, "", null, null, "In a line; empty: the target and its incident."),
            new ActionParameter("text", ParameterKind.Text, "", null, null, "What to say beside it."),
            new ActionParameter("every", ParameterKind.Duration, "1h", "0s", "168h", "Not again for the same target within this time."),
        ],
        "The target exists, it was not done for it within the time, and setting "
            + $"{NotifyOptions.Section}:{(ticket ? "TicketUrl" : "Url")} says where to.",
        "The receiver took it, and the answer has its id for it.",
        ticket ? "close_ticket" : null,
        SilenceAlert.ReadTarget)
    {
        ForOwned = true,
        LeavesFault = true,
        Summary = ticket ? "Opens a ticket." : "Tells people.",
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        if (tools.Ports.Messenger is not { } messenger) return Proposal.Refuse($"nothing of {NotifyOptions.Section} is set");
        if (messenger.Missing(ticket) is { } setting) return Proposal.Refuse($"it is not said where to: setting {setting}");
        if (await tools.ReadAsync(target, cancellationToken) is null) return Proposal.Gone(target);
        var since = tools.Time.GetUtcNow() - values.Span("every");
        var history = await tools.Store.HistoryAsync(target.Key, "", since, cancellationToken);
        if (history.FirstOrDefault(past => past.ActionId == Descriptor.Id && past.Finished) is { } past)
        {
            return Proposal.Refuse($"people were told of it at {past.AppliedAt:u} already");
        }

        var title = values.Given("title") ?? $"{target}: incident {request.IncidentId}";
        return Proposal.Act(ticket ? $"opens a ticket for {target}" : $"tells people of {target}",
            new MessageEffect(ticket, title, values["text"], target.ToString(), request.IncidentId));
    }

    public Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        Task.FromResult(EffectCheck.Yes("the receiver took it"));
}
