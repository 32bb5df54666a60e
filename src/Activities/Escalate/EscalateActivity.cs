using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>
/// Records the hand-off bundle, logs it as a warning, and tells people by the webhook of <c>Heal:Notify:Url</c>, where that is set. A
/// receiver that does not answer is tried again, for a while; then the incident goes on, and <see cref="HandOffDesk"/> tries on.
/// </summary>
[DurableTask(ActivityNames.Escalate)]
internal sealed partial class EscalateActivity(
    IHandOffs handOffs, IMessenger messenger, TimeProvider time, ILogger<EscalateActivity> logger) : TaskActivity<HandOff, bool>
{
    /// <summary>How long after the hand-off it is still tried here; then the incident goes on without it.</summary>
    public static readonly TimeSpan TriedFor = TimeSpan.FromMinutes(15);

    /// <summary>Until the desk takes over: it does not tell what is being told here.</summary>
    private static readonly TimeSpan DueAfter = TriedFor + TimeSpan.FromMinutes(2);

    public override async Task<bool> RunAsync(TaskActivityContext context, HandOff? input)
    {
        var handOff = input!;
        var isTold = messenger.Missing(ticket: false) is null;
        await handOffs.RecordAsync(handOff, isTold ? handOff.At + DueAfter : null, CancellationToken.None);
        Log.HandedOff(logger, handOff.IncidentId, handOff.Target.ToString(), handOff.Escalation?.To ?? "nobody in particular",
            handOff.Outcome, handOff.Reason, HandOffMessage.CauseOf(handOff), handOff.Plan?.Summary ?? "none");
        if (!isTold) return true;
        try
        {
            var message = HandOffMessage.Of(handOff);
            await messenger.SendAsync(message, CancellationToken.None);
            Log.Told(logger, handOff.IncidentId, messenger.Receipt(message.Key, resolves: false) ?? message.Key);
        }
        catch (MessageException e) when (e.IsFinal || time.GetUtcNow() - handOff.At > TriedFor)
        {
            Log.NobodyTold(logger, handOff.IncidentId, e.Message, HandOffDesk.TriedFor);
            return true;
        }

        await handOffs.DeliveredAsync(handOff.IncidentId, handOff.At, time.GetUtcNow(), CancellationToken.None);
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning,
            "Incident {Incident} of {Target} is handed to {Addressee} as {Outcome}: {Reason}. Cause: {Cause}. Plan: {Plan}")]
        public static partial void HandedOff(
            ILogger logger, string incident, string target, string addressee, OutcomeKind outcome, string reason, string cause,
                string plan);

        [LoggerMessage(3, LogLevel.Information, "The hand-off of incident {Incident} was taken; its receiver calls it {Name}")]
        public static partial void Told(ILogger logger, string incident, string name);

        [LoggerMessage(2, LogLevel.Error,
            "Nobody was told of the hand-off of incident {Incident} yet. {Why} It is tried again for {Limit} after it was made.")]
        public static partial void NobodyTold(ILogger logger, string incident, string why, TimeSpan limit);
    }
}
