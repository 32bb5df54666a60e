using Heal.Activities;
using Heal.Healing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Incidents;

/// <summary>
/// At start and every minute: looks whether each effect with a time limit has an orchestration that ends it. One that failed, was
/// terminated or is not there (a hub that was emptied) is begun again: a temporary change does not stay because nobody takes it back.
/// Where that happens over and over, the pauses grow to <see cref="LongestPause"/>.
/// </summary>
internal sealed partial class TendExpiries(
    IExpiries expiries, TendMetrics metrics, TimeProvider time, ILogger<TendExpiries> logger)
{
    /// <summary>Between two new beginnings of one that ends each time before its work, at most.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private const int ReasonLength = 300;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);

    [Function(nameof(TendExpiries))]
    public async Task RunAsync(
        [TimerTrigger("40 * * * * *", RunOnStartup = true)] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        var round = new TendRound("expiry", "heal.expiry", metrics, logger);
        await round.RunAsync(
            expiries.PageAsync,
            row => new(
                row.Key,
                row.Key,
                row.Request is { } expiry ? () => TendAsync(client, row, expiry, cancellationToken) : null,
                row.Fault),
            cancellationToken);
    }

    private async Task<string?> TendAsync(
        DurableTaskClient client, UnendedExpiry row, ExpiryRequest expiry, CancellationToken cancellationToken)
    {
        OrchestrationMetadata? run = await client.GetInstanceAsync(expiry.InstanceId, getInputsAndOutputs: true, cancellationToken);
        switch (run?.RuntimeStatus)
        {
            case OrchestrationRuntimeStatus.Running or OrchestrationRuntimeStatus.Pending or OrchestrationRuntimeStatus.Suspended:
                return null;
            case OrchestrationRuntimeStatus.Completed:
                string outcome = run.ReadOutputAs<ExpiryOutcome>()?.Status.ToString() ?? "Completed";
                await expiries.EndedAsync(row.Key, outcome, time.GetUtcNow(), cancellationToken);
                return null;
            case null when time.GetUtcNow() - row.RegisteredAt < 2 * StrandedIncident.StartsWithin:
                return null;
        }

        if (row.RestartedAt is { } last && time.GetUtcNow() - last < PauseAfter(row.Restarts))
        {
            return null;
        }

        Log.Lost(logger, expiry.ActionId, expiry.Target.ToString(), expiry.At, expiry.InstanceId, Why(run), row.Restarts);
        await new DurableIncidents(client).ExpireAgainAsync(expiry, cancellationToken);
        await expiries.RestartedAsync(row.Key, time.GetUtcNow(), cancellationToken);
        return "started";
    }

    // One that was begun again once and lost at once is begun again at the next look; then the pauses double.
    private static TimeSpan PauseAfter(int restarts)
    {
        TimeSpan pause = FirstPause * Math.Pow(2, Math.Min(restarts - 1, 10)) / 2;
        return pause < LongestPause ? pause : LongestPause;
    }

    private static string Why(OrchestrationMetadata? run) => SafeText.Line(
        run switch
        {
            null => "it is not in the hub",
            { RuntimeStatus: OrchestrationRuntimeStatus.Terminated } => $"it was terminated: {run.SerializedOutput ?? "without a reason"}",
            _ => $"it ended as {run.RuntimeStatus}: {run.FailureDetails?.ErrorMessage ?? "no reason is known"}",
        },
        ReasonLength);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error,
            Message = "The effect of '{Action}' on {Target} is to end at {At}, but nobody works on that ({Instance}: {Reason}). That is "
                + "begun again, after {Restarts} times before. Who wants the effect to stay ends its row of heal.expiry by hand, see "
                + "docs/operating/incidents.md.")]
        public static partial void Lost(
            ILogger logger, string action, string target, DateTimeOffset at, string instance, string reason, int restarts);
    }
}
