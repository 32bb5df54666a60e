using System.Globalization;
using Heal.Healing;
using Heal.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Heal.Activities;

/// <summary>A dead man's switch on the way that alerts come: people are called when the alert that always fires stays away.</summary>
public interface IAlertHeartbeat
{
    /// <summary>Notes it when the alert is among these. One that is known already counts as well: that it comes again is the point.
    /// </summary>
    Task HearAsync(IReadOnlyList<Signal> signals, CancellationToken cancellationToken);

    /// <summary>Calls people when it has stayed away for too long, once, and tells them when it is back. To be called every minute, on one
    /// host at a time.</summary>
    Task LookAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Keeps in the store when the alert was heard last, so that a restart forgets nothing. Time in which no host looked does not count: nobody
/// would have heard it. Each silence is told once; a receiver of messages that does not answer is tried again at each look, until the
/// silence ends.
/// </summary>
internal sealed partial class AlertHeartbeat(
    NpgsqlDataSource dataSource, IHandOffs handOffs, IMessenger messenger, IOptionsMonitor<HealOptions> options, TimeProvider time,
    ILogger<AlertHeartbeat> logger)
    : IAlertHeartbeat
{
    /// <summary>When nobody has looked for longer, no host was up, and the wait begins anew.</summary>
    public static readonly TimeSpan LongestGap = TimeSpan.FromMinutes(3);

    /// <summary>Whoever found the silence has told people by then, or did not get to it.</summary>
    private static readonly TimeSpan ToldWithin = TimeSpan.FromSeconds(30);

    private const string TriggerName = "HealAlertsSilent";

    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    public async Task HearAsync(IReadOnlyList<Signal> signals, CancellationToken cancellationToken)
    {
        var settings = options.CurrentValue;
        if (settings.Watchdog.Within is null) return;
        var names = settings.NamesInAlerts();
        if (!signals.Any(signal => signal.Alert is { Status: AlertStatus.Firing } alert && alert.Name == settings.Watchdog.Alert
            && names.WhyForeign(alert) is null))
        {
            return;
        }

        await using var command = dataSource.CreateCommand(Sql["heartbeat_hear"], settings.Watchdog.Alert, time.GetUtcNow());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task LookAsync(CancellationToken cancellationToken)
    {
        var settings = options.CurrentValue;
        if (settings.Watchdog is not { Within: { } within, Alert: var alert }) return;
        var now = time.GetUtcNow();
        var beat = await ReadAsync(alert, now, cancellationToken);
        if (beat.SilentSince is { } silent)
        {
            if (beat.HeardAt > silent) await ReturnAsync(settings, beat, silent, cancellationToken);
            else if (beat.ToldAt is null && now - silent >= ToldWithin) await CallAsync(settings, beat, silent, cancellationToken);
            return;
        }

        var from = beat.HeardAt > beat.ListeningSince ? beat.HeardAt.Value : beat.ListeningSince;
        if (now - from < within) return;
        await using var begin = dataSource.CreateCommand(Sql["heartbeat_silent"], alert, now, from);
        if (await begin.ExecuteNonQueryAsync(cancellationToken) == 1) await CallAsync(settings, beat, now, cancellationToken);
    }

    private async Task<Beat> ReadAsync(string alert, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["heartbeat_look"], alert, now, LongestGap);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new Beat(At(0), At(1)!.Value, At(2), At(3));

        DateTimeOffset? At(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
    }

    private async Task CallAsync(HealOptions settings, Beat beat, DateTimeOffset silent, CancellationToken cancellationToken)
    {
        var (alert, within) = (settings.Watchdog.Alert, settings.Watchdog.Within);
        var last = beat.HeardAt is { } heard ? $"was heard last at {heard:u}" : $"was never heard since {beat.ListeningSince:u}";
        var reason = $"the alert '{alert}', which always fires, {last}, and is to come within {within} (Heal:Watchdog:Within): alerts do "
            + "not arrive. Look at Prometheus, Alertmanager and its route to this healer";
        var handOff = HandOffOf(settings, silent, reason);
        await handOffs.RecordAsync(handOff, dueAt: null, cancellationToken);
        Log.Silent(logger, SafeText.Line(reason, EvidenceLimits.MessageLength));
        if (messenger.Missing(ticket: false) is null)
        {
            await messenger.SendAsync(HandOffMessage.Of(handOff), cancellationToken);
            await handOffs.DeliveredAsync(handOff.IncidentId, handOff.At, time.GetUtcNow(), cancellationToken);
        }

        await using var told = dataSource.CreateCommand(Sql["heartbeat_told"], alert, silent, time.GetUtcNow());
        await told.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task ReturnAsync(HealOptions settings, Beat beat, DateTimeOffset silent, CancellationToken cancellationToken)
    {
        var text = $"the alert '{settings.Watchdog.Alert}' is heard again since {beat.HeardAt:u}: alerts arrive. Its silence was found at "
            + $"{silent:u}";
        Log.Back(logger, text);

        // Of a silence that nobody was told of nobody is told that it is over.
        if (beat.ToldAt is not null && messenger.Missing(ticket: false) is null)
        {
            await TakeBackAsync(settings, silent, text, cancellationToken);
        }

        await using var command = dataSource.CreateCommand(Sql["heartbeat_back"], settings.Watchdog.Alert, silent);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task TakeBackAsync(HealOptions settings, DateTimeOffset silent, string text, CancellationToken cancellationToken)
    {
        var told = HandOffMessage.Of(HandOffOf(settings, silent, text));
        try
        {
            await messenger.SendAsync(told with { Resolves = true, Text = text }, cancellationToken);
        }
        catch (MessageException refused) when (refused.IsFinal)
        {
            // The same a minute later would be refused as well, and the next silence must be seen.
            Log.NotTakenBack(logger, refused.Message);
        }
    }

    private static HandOff HandOffOf(HealOptions settings, DateTimeOffset silent, string reason)
    {
        var labels = new Dictionary<string, string> { ["watchdog"] = settings.Watchdog.Alert };
        var alert = new Alert(
            TriggerName, AlertStatus.Firing, labels, new Dictionary<string, string>(), silent, null, settings.Watchdog.Alert);
        return new HandOff(
            IdOf(silent), new TargetReference(settings.Cluster, TargetKinds.Cluster, "", settings.Cluster), OutcomeKind.Escalated, reason,
            null, Signal.Of(alert, SignalSource.Reconcile, silent), null, null, null, [], silent);
    }

    private static string IdOf(DateTimeOffset silent) =>
        string.Create(CultureInfo.InvariantCulture, $"alerts-silent-{silent.UtcDateTime:yyyyMMddHHmmss}");

    /// <param name="HeardAt">Null: never.</param>
    /// <param name="ListeningSince">Since when some host has looked without a long pause.</param>
    /// <param name="SilentSince">When it was found to stay away; null: it does not.</param>
    /// <param name="ToldAt">When people were told of that.</param>
    private sealed record Beat(
        DateTimeOffset? HeardAt, DateTimeOffset ListeningSince, DateTimeOffset? SilentSince, DateTimeOffset? ToldAt);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Nobody may be told of faults: {Reason}.")]
        public static partial void Silent(ILogger logger, string reason);

        [LoggerMessage(2, LogLevel.Warning, "Over: {Reason}.")]
        public static partial void Back(ILogger logger, string reason);

        [LoggerMessage(3, LogLevel.Error, "Nobody was told that alerts arrive again. {Why}")]
        public static partial void NotTakenBack(ILogger logger, string why);
    }
}
