using Heal.Healing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// Takes the signals that have waited longest and brings each to the incident of its target. Every step knows what it did before (the
/// join by the signal's id, the start by the incident's), so that a batch may be cut anywhere and begun again. What fails waits for a
/// growing time and is tried again, for up to a day; then it is parked with its reason. Routing gives way to the intake: while several
/// senders wait for their commit, it rests before each batch and takes few signals, because each may start an incident. A signal whose
/// target has to be looked at first waits until that look is done, and is routed anew when the look is lost, with its hub or otherwise.
/// </summary>
internal sealed partial class SignalRouter(
    ReceivedSignals received,
    SignalWriter writer,
    IHealStore store,
    IncidentJoin join,
    TargetRealms realms,
    IOptionsMonitor<HealOptions> settings,
    IntakeMetrics metrics,
    TimeProvider time,
    ILogger<SignalRouter> logger)
    : ISignalRouter
{
    /// <summary>Targets that are routed at the same time.</summary>
    private const int TargetsAtOnce = 4;

    private const int ReasonLength = 500;

    /// <summary>A signal that was stored long ago, while nothing ran, is tried so often all the same: two minutes' worth.</summary>
    private const int FewestAttempts = 8;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CommitWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>How soon it is asked what came of a look; then after as long as it has taken, up to <see cref="LongestPause"/>.</summary>
    private static readonly TimeSpan FirstAsk = TimeSpan.FromSeconds(5);

    /// <summary>After so long the rest of a batch is left for the next one: nothing of it is lost.</summary>
    private static readonly TimeSpan BatchTime = TimeSpan.FromMinutes(1);

    private readonly IntakeOptions _options = settings.CurrentValue.Intake;

    public async Task<RoutingReport> RouteAsync(IIncidents incidents, CancellationToken cancellationToken)
    {
        await GiveWayAsync(cancellationToken);
        var limit = writer.IsBusy ? _options.RoutedTogetherWhenBusy : _options.RoutedTogether;
        var due = await DueAsync(limit, cancellationToken);
        if (due.Count == 0) return new RoutingReport(0, 0, false, await received.NextDueAsync(cancellationToken));

        var resolver = realms.NewResolver();
        var batch = new Batch(incidents, resolver, time.GetTimestamp());
        await Parallel.ForEachAsync(
            due.GroupBy(waiting => CandidateOf(waiting, resolver), StringComparer.Ordinal),
            new ParallelOptions { MaxDegreeOfParallelism = TargetsAtOnce, CancellationToken = cancellationToken },
            async (target, token) => await RouteTargetAsync(batch, [.. target], token));

        var now = time.GetUtcNow();
        if (batch.Routed.Count > 0) await received.RoutedAsync(batch.Routed, now, cancellationToken);
        if (batch.Looking.Count > 0) await received.LookedAtAsync(batch.Looking, now, cancellationToken);
        if (batch.Failed.Count > 0) await received.FailedAsync(batch.Failed, now, cancellationToken);
        metrics.Routed(batch.Routed.Count, batch.Failed.Count);
        return new RoutingReport(batch.Routed.Count, batch.Failed.Count, More: true, null);
    }

    private async Task GiveWayAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (writer.IsBusy && time.GetElapsedTime(began) < _options.RestWhenBusy)
        {
            await Task.Delay(LookAgain, time, cancellationToken);
        }
    }

    // Routing is woken when a signal arrives, not when it is committed: that saves the time of a commit. So it may be early.
    private async Task<IReadOnlyList<WaitingSignal>> DueAsync(int limit, CancellationToken cancellationToken)
    {
        var commits = writer.Commits;
        var due = await received.DueAsync(time.GetUtcNow(), limit, cancellationToken);
        if (due.Count == 0 && writer.HasNews)
        {
            await writer.NextCommitAsync(CommitWait, cancellationToken);
            commits = writer.Commits;
            due = await received.DueAsync(time.GetUtcNow(), limit, cancellationToken);
        }

        if (due.Count == 0) writer.Seen(commits);
        return due;
    }

    private static string CandidateOf(WaitingSignal waiting, SignalTargets resolver) =>
        waiting is { Signal: { } signal, LookedAt: null } && resolver.Identify(signal).Candidate is { } named
            ? $"{named.Kind} {named.Host}/{named.Namespace}/{named.Name}"
            : waiting.Id;

    private async Task RouteTargetAsync(Batch batch, IReadOnlyList<WaitingSignal> signals, CancellationToken cancellationToken)
    {
        TargetResolution? resolution = null;
        WaitingSignal? echo = null;
        foreach (var waiting in signals)
        {
            if (time.GetElapsedTime(batch.Began) > BatchTime) break;
            if (waiting.Signal is not { } signal)
            {
                Log.Unreadable(logger, waiting.Id);
                batch.AddFailed(new FailedRouting(waiting.Id, waiting.Attempts + 1, "this program cannot read its content", null));
                continue;
            }

            if (waiting.LookedAt is { } since)
            {
                await AskAsync(batch, waiting, signal, since, cancellationToken);
                continue;
            }

            try
            {
                // Signals of one candidate have one target: the cluster is asked once.
                resolution ??= await batch.Resolver.ResolveAsync(batch.Resolver.Identify(signal), cancellationToken);
                var lowest = await batch.Resolver.LowerAsync(resolution, signal, cancellationToken);
                if (await RouteAsync(batch.Incidents, signal, lowest, cancellationToken)) echo = waiting;
                batch.AddRouted(signal.Id);
            }
            catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
            {
                batch.AddFailed(Judge(waiting, signal, failed));
            }
        }

        // One look at the target answers for all of them.
        if (echo is { Signal: { } last }) await LookAsync(batch, echo, last, cancellationToken);
    }

    private async Task LookAsync(Batch batch, WaitingSignal waiting, Signal signal, CancellationToken cancellationToken)
    {
        try
        {
            await batch.Incidents.LookAsync(signal, cancellationToken);
            batch.AddLooking(new LookingSignal(signal.Id, time.GetUtcNow() + FirstAsk));
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            batch.AddFailed(Judge(waiting, signal, failed));
        }
    }

    // What became of the look that was begun for a signal.
    private async Task AskAsync(
        Batch batch, WaitingSignal waiting, Signal signal, DateTimeOffset since, CancellationToken cancellationToken)
    {
        try
        {
            switch (await batch.Incidents.FindLookAsync(signal, cancellationToken))
            {
                case LookProgress.Done:
                    batch.AddRouted(signal.Id);
                    break;
                case LookProgress.UnderWay:
                    var took = time.GetUtcNow() - since;
                    batch.AddLooking(new LookingSignal(
                        signal.Id, time.GetUtcNow() + (took < FirstAsk ? FirstAsk : took < LongestPause ? took : LongestPause)));
                    break;
                default:
                    batch.AddFailed(Judge(waiting, signal, $"the look at its target ({signal.InstanceId}) was lost before its end."));
                    break;
            }
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            // The hub could not be asked: that says nothing of the look.
            batch.AddLooking(new LookingSignal(signal.Id, time.GetUtcNow() + FirstAsk));
            Log.NotAsked(logger, failed, signal.Id);
        }
    }

    /// <returns>True when the last incident ended well and this alert came after: a late echo, or the fault is back. The target itself
    /// says which, and has to be looked at.</returns>
    private async Task<bool> RouteAsync(
        IIncidents incidents, Signal signal, TargetResolution resolution, CancellationToken cancellationToken)
    {
        if (resolution.Target is not { } target)
        {
            var kind = resolution.Verdict == TargetVerdict.Ignored ? RouteKind.Ignored : RouteKind.Rejected;
            await RecordAsync(signal, kind, resolution.Reason, cancellationToken);
            return false;
        }

        // The fault below comes first: of it the incident is.
        if (resolution.Below is { } below) await AttachAsync(incidents, new JoinRequest(below, target), cancellationToken);
        var joined = await AttachAsync(incidents, new JoinRequest(signal, target) { Through = resolution.Through }, cancellationToken);
        if (joined.IncidentId is null)
        {
            await RecordAsync(signal, RouteKind.Ignored, joined.Reason, cancellationToken);
            return false;
        }

        return joined.ClosedAs is OutcomeKind.Healed or OutcomeKind.NoActionNeeded && signal.Alert.Status == AlertStatus.Firing;
    }

    private async Task<JoinResult> AttachAsync(IIncidents incidents, JoinRequest request, CancellationToken cancellationToken)
    {
        var joined = await join.JoinAsync(request, cancellationToken);
        if (joined.Start is { } start) await incidents.StartAsync(start, request.Signal, cancellationToken);
        if (joined is { Opened: false, ClosedAs: null, IncidentId: { } incident })
        {
            await incidents.TellAsync(incident, request.Signal, cancellationToken);
        }

        return joined;
    }

    private async Task RecordAsync(Signal signal, RouteKind kind, string reason, CancellationToken cancellationToken)
    {
        await store.RecordSignalAsync(new UnroutedSignal(signal, kind, reason), cancellationToken);
        Log.Recorded(logger, signal.Id, signal.Alert.Name, kind, reason);
    }

    private FailedRouting Judge(WaitingSignal waiting, Signal signal, Exception failed) =>
        Judge(waiting, signal, SafeText.Line($"{failed.GetType().Name}: {failed.Message}", ReasonLength), failed);

    private FailedRouting Judge(WaitingSignal waiting, Signal signal, string reason, Exception? failed = null)
    {
        var (now, attempts) = (time.GetUtcNow(), waiting.Attempts + 1);
        if (attempts >= FewestAttempts && now - waiting.ReceivedAt >= _options.GiveUpAfter)
        {
            Log.Parked(logger, failed, signal.Id, signal.Alert.Name, attempts, _options.GiveUpAfter);
            return new FailedRouting(signal.Id, attempts, reason, null);
        }

        var pause = FirstPause * Math.Pow(2, Math.Min(attempts - 1, 10));
        if (pause > LongestPause) pause = LongestPause;
        if (attempts == 1) Log.Failed(logger, signal.Id, signal.Alert.Name, reason, pause, _options.GiveUpAfter);
        else Log.FailedAgain(logger, signal.Id, attempts, reason);
        return new FailedRouting(signal.Id, attempts, reason, now + pause);
    }

    private sealed class Batch(IIncidents incidents, SignalTargets resolver, long began)
    {
        private readonly Lock _gate = new();

        public IIncidents Incidents { get; } = incidents;

        public SignalTargets Resolver { get; } = resolver;

        public long Began { get; } = began;

        public List<string> Routed { get; } = [];

        public List<LookingSignal> Looking { get; } = [];

        public List<FailedRouting> Failed { get; } = [];

        public void AddRouted(string id)
        {
            lock (_gate) Routed.Add(id);
        }

        /// <summary>Not routed yet, whatever was said before.</summary>
        public void AddLooking(LookingSignal looking)
        {
            lock (_gate)
            {
                Routed.Remove(looking.SignalId);
                Looking.Add(looking);
            }
        }

        public void AddFailed(FailedRouting failed)
        {
            lock (_gate)
            {
                Routed.Remove(failed.SignalId);
                Failed.Add(failed);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Signal {Signal} (alert {Alert}): {Route}, {Reason}")]
        public static partial void Recorded(ILogger logger, string signal, string alert, RouteKind route, string reason);

        [LoggerMessage(2, LogLevel.Warning,
            "Signal {Signal} (alert {Alert}) could not be routed: {Reason} It is tried again in {Pause}, for up to {Limit}.")]
        public static partial void Failed(ILogger logger, string signal, string alert, string reason, TimeSpan pause, TimeSpan limit);

        [LoggerMessage(3, LogLevel.Debug, "Signal {Signal} could not be routed, {Attempts} attempts so far: {Reason}")]
        public static partial void FailedAgain(ILogger logger, string signal, int attempts, string reason);

        [LoggerMessage(4, LogLevel.Error,
            "Signal {Signal} (alert {Alert}) is parked: it could not be routed in {Attempts} attempts within {Limit} "
                + "(Heal:Intake:GiveUpAfter). GET /api/signals?state=parked lists such signals; "
                + "POST /api/signals/{Signal}/retry tries one again.")]
        public static partial void Parked(
            ILogger logger, Exception? exception, string signal, string alert, int attempts, TimeSpan limit);

        [LoggerMessage(5, LogLevel.Error, "Signal {Signal} is parked: its content is no signal that this program can read.")]
        public static partial void Unreadable(ILogger logger, string signal);

        [LoggerMessage(6, LogLevel.Warning, "It could not be asked what became of the look at the target of signal {Signal}.")]
        public static partial void NotAsked(ILogger logger, Exception exception, string signal);
    }
}
