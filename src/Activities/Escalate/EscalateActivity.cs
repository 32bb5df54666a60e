using System.Globalization;
using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>
/// Records the hand-off bundle, logs it as a warning, and tells people by the webhook of <c>Heal:Notify:Url</c>, where that is set. A
/// receiver that does not answer is tried again, for a while: what must not be lost is in the store by then.
/// </summary>
[DurableTask(ActivityNames.Escalate)]
internal sealed partial class EscalateActivity(
    IHealStore store, IMessenger messenger, TimeProvider time, ILogger<EscalateActivity> logger) : TaskActivity<HandOff, bool>
{
    /// <summary>How long after the hand-off it is still tried; then the incident goes on without it.</summary>
    public static readonly TimeSpan TriedFor = TimeSpan.FromMinutes(15);

    private const int TextLength = 2_000;

    public override async Task<bool> RunAsync(TaskActivityContext context, HandOff? input)
    {
        var handOff = input!;
        await store.RecordHandOffAsync(handOff, CancellationToken.None);
        var cause = handOff.Diagnosis?.Leading()?.Statement ?? "none found";
        Log.HandedOff(logger, handOff.IncidentId, handOff.Target.ToString(), handOff.Escalation?.To ?? "nobody in particular",
            handOff.Outcome, handOff.Reason, cause, handOff.Plan?.Summary ?? "none");
        if (messenger.Missing(ticket: false) is not null) return true;
        try
        {
            var message = MessageOf(handOff, cause);
            await messenger.SendAsync(message, CancellationToken.None);
            Log.Told(logger, handOff.IncidentId, messenger.Receipt(message.Key, resolves: false) ?? message.Key);
        }
        catch (MessageException e) when (e.IsFinal || time.GetUtcNow() - handOff.At > TriedFor)
        {
            Log.NobodyTold(logger, handOff.IncidentId, e.Message);
        }

        return true;
    }

    private static Message MessageOf(HandOff handOff, string cause)
    {
        var lines = new List<string>
        {
            handOff.Escalation?.Message ?? "", $"Reason: {handOff.Reason}", $"Cause: {cause}",
            $"Plan: {handOff.Plan?.Summary ?? "none"}", $"To: {handOff.Escalation?.To ?? "nobody in particular"}",
        };
        lines.AddRange(handOff.Actions.Select(action => $"Tried: {action.ActionId}"));
        var key = string.Create(CultureInfo.InvariantCulture, $"{handOff.IncidentId}/hand-off/{handOff.At.ToUnixTimeMilliseconds()}");
        var text = SafeText.Clean(Scrubber.Scrub(string.Join('\n', lines.Where(line => line.Length > 0))), TextLength);
        return new Message(
            key, Ticket: false, Resolves: false, $"{handOff.Target}: {handOff.Outcome}", text, handOff.Target.ToString(),
            handOff.IncidentId);
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

        [LoggerMessage(2, LogLevel.Error, "Nobody was told of the hand-off of incident {Incident}. {Why}")]
        public static partial void NobodyTold(ILogger logger, string incident, string why);
    }
}
