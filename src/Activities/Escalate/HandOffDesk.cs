using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>Tells people of hand-offs that they do not know of.</summary>
public interface IHandOffDesk
{
    /// <summary>Tells what is due. To be called every minute, on one host at a time.</summary>
    Task TendAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Goes on telling people of hand-offs where the incident went on without that: their receiver was away for long, refused (a token that has
/// run out), or the incident's orchestration was lost between the record and the message. At least once, under the message's own key.
/// </summary>
internal sealed partial class HandOffDesk(IHandOffs handOffs, IMessenger messenger, TimeProvider time, ILogger<HandOffDesk> logger)
    : IHandOffDesk
{
    /// <summary>How long after a hand-off it is still tried to tell people of it.</summary>
    public static readonly TimeSpan TriedFor = TimeSpan.FromDays(1);

    /// <summary>Between two tries for one hand-off, at most.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    /// <summary>So many of one look that fail in a row end it: the others would too, after a time limit each.</summary>
    private const int FailuresInARow = 3;

    private const int ToldTogether = 50;

    public async Task TendAsync(CancellationToken cancellationToken)
    {
        if (messenger.Missing(ticket: false) is not null) return;
        var failures = 0;
        foreach (var untold in await handOffs.DueAsync(time.GetUtcNow(), ToldTogether, cancellationToken))
        {
            if (failures >= FailuresInARow) return;
            failures = await TellAsync(untold, cancellationToken) ? 0 : failures + 1;
        }
    }

    // False: the receiver did not take it.
    private async Task<bool> TellAsync(UntoldHandOff untold, CancellationToken cancellationToken)
    {
        if (untold.HandOff is not { } handOff)
        {
            Log.Unreadable(logger, untold.IncidentId, untold.Fault ?? "");
            await handOffs.PostponeAsync(untold.IncidentId, untold.RecordedAt, null, cancellationToken);
            return true;
        }

        try
        {
            await messenger.SendAsync(HandOffMessage.Of(handOff), cancellationToken);
            await handOffs.DeliveredAsync(untold.IncidentId, untold.RecordedAt, time.GetUtcNow(), cancellationToken);
            Log.Told(logger, untold.IncidentId, time.GetUtcNow() - handOff.At);
            return true;
        }
        catch (MessageException refused)
        {
            var age = time.GetUtcNow() - handOff.At;
            if (age < TriedFor)
            {
                Log.NotTold(logger, untold.IncidentId, refused.Message);
                var again = time.GetUtcNow() + LongestPause;
                await handOffs.PostponeAsync(untold.IncidentId, untold.RecordedAt, again, cancellationToken);
            }
            else
            {
                Log.GivenUp(logger, untold.IncidentId, TriedFor, refused.Message);
                await handOffs.PostponeAsync(untold.IncidentId, untold.RecordedAt, null, cancellationToken);
            }

            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "People were told of the hand-off of incident {Incident}, {Age} after it was made.")]
        public static partial void Told(ILogger logger, string incident, TimeSpan age);

        [LoggerMessage(2, LogLevel.Warning, "People could not be told yet of the hand-off of incident {Incident}. {Why}")]
        public static partial void NotTold(ILogger logger, string incident, string why);

        [LoggerMessage(3, LogLevel.Error,
            "Nobody was told of the hand-off of incident {Incident}, and it is not tried any more after {Limit}. {Why} The bundle is in "
                + "heal.hand_off.")]
        public static partial void GivenUp(ILogger logger, string incident, TimeSpan limit, string why);

        [LoggerMessage(4, LogLevel.Error,
            "The hand-off of incident {Incident} cannot be told: this program cannot read its row of heal.hand_off ({Fault}).")]
        public static partial void Unreadable(ILogger logger, string incident, string fault);
    }
}
