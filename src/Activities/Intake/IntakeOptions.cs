using System.Globalization;

namespace Heal.Activities;

/// <summary>Limits of the intake, section <c>Heal:Intake</c>: how signals are stored, and how fast they are routed after that.</summary>
public sealed class IntakeOptions
{
    /// <summary>Signals that may wait for a commit at a time; more are refused (503). Default 20,000.</summary>
    public int MaxWaitingSignals { get; set; } = 20_000;

    /// <summary>Signals that share one commit, unless a single sender brings more. Default 1,000.</summary>
    public int MaxSignalsPerCommit { get; set; } = 1_000;

    /// <summary>Commits under way at a time, each on a connection of its own. Default 2.</summary>
    public int CommitsAtOnce { get; set; } = 2;

    /// <summary>How long one commit may take; then its senders are told to come again. Default 10 s.</summary>
    public TimeSpan CommitTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Senders that wait together for a commit make the intake busy: routing gives way. Default 6.</summary>
    public int BusyAt { get; set; } = 6;

    /// <summary>Signals that are routed together. Default 128.</summary>
    public int RoutedTogether { get; set; } = 128;

    /// <summary>The same while the intake is busy. Default 8.</summary>
    public int RoutedTogetherWhenBusy { get; set; } = 8;

    /// <summary>How long routing rests before each batch while the intake is busy. Default 1 s.</summary>
    public TimeSpan RestWhenBusy { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the routing of a signal is tried; then it is parked. Default 1 day.</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long a routed signal is remembered, so that a copy is recognised. Default 30 days.</summary>
    public TimeSpan KeepRouted { get; set; } = TimeSpan.FromDays(30);

    /// <summary>A signal that has waited for longer is worth a warning. Default 1 minute.</summary>
    public TimeSpan WarnAfter { get; set; } = TimeSpan.FromMinutes(1);

    internal IEnumerable<(bool Holds, string Setting, string Expected, object Got)> Checks()
    {
        yield return Count(nameof(MaxWaitingSignals), MaxWaitingSignals, 1_000, 1_000_000);
        yield return Count(nameof(MaxSignalsPerCommit), MaxSignalsPerCommit, 1, 10_000);
        yield return Count(nameof(CommitsAtOnce), CommitsAtOnce, 1, 8);
        yield return Time(nameof(CommitTimeout), CommitTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        yield return Count(nameof(BusyAt), BusyAt, 2, 10_000);
        yield return Count(nameof(RoutedTogether), RoutedTogether, 1, 1_000);
        yield return Count(nameof(RoutedTogetherWhenBusy), RoutedTogetherWhenBusy, 1, RoutedTogether);
        yield return Time(nameof(RestWhenBusy), RestWhenBusy, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        yield return Time(nameof(GiveUpAfter), GiveUpAfter, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30));
        yield return Time(nameof(KeepRouted), KeepRouted, TimeSpan.FromHours(1), TimeSpan.FromDays(3_650));
        yield return Time(nameof(WarnAfter), WarnAfter, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
    }

    private static (bool Holds, string Setting, string Expected, object Got) Count(string name, int got, int least, int most) =>
        (got >= least && got <= most, $"Intake:{name}", string.Create(CultureInfo.InvariantCulture, $"{least} to {most}"), got);

    private static (bool Holds, string Setting, string Expected, object Got) Time(
        string name, TimeSpan got, TimeSpan least, TimeSpan most) =>
        (got >= least && got <= most, $"Intake:{name}", $"{least} to {most}", got);
}
