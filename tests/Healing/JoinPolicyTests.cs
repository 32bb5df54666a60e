namespace Heal.Healing.Tests;

public sealed class JoinPolicyTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    [Fact]
    public void The_first_signal_of_a_target_opens_an_incident() =>
        Assert.Equal(JoinKind.Open, Decide(Firing(), latest: null));

    [Fact]
    public void A_signal_joins_the_open_incident_of_its_target() =>
        Assert.Equal(JoinKind.Join, Decide(Firing(), Latest(closedAt: null)));

    [Fact]
    public void A_signal_shortly_after_the_close_joins_the_closed_incident() =>
        Assert.Equal(JoinKind.Join, Decide(Firing(), Latest(closedAt: Noon - TimeSpan.FromMinutes(4))));

    [Fact]
    public void A_signal_long_after_the_close_opens_the_next_episode() =>
        Assert.Equal(JoinKind.Open, Decide(Firing(), Latest(closedAt: Noon - TimeSpan.FromMinutes(6))));

    [Fact]
    public void A_target_that_shows_a_new_fault_gets_a_new_incident_within_the_window() =>
        Assert.Equal(JoinKind.Open, Decide(Firing(), Latest(closedAt: Noon), "the target fails again"));

    [Theory]
    [InlineData(TargetKinds.VirtualMachine, -1, JoinKind.Open)]
    [InlineData(TargetKinds.VirtualMachine, 1, JoinKind.Join)]
    [InlineData(TargetKinds.StoragePool, -1, JoinKind.Open)]
    [InlineData(TargetKinds.Deployment, -1, JoinKind.Join)]
    public void What_the_watch_of_hosts_saw_begin_after_the_close_is_no_echo(string kind, int closedMinutesAfter, JoinKind expected)
    {
        var target = new TargetCandidate(kind, "", "web", "");
        var seen = Signal.Of(Alert(AlertStatus.Firing), SignalSource.Watch, Noon) with { Target = target };

        Assert.Equal(expected, Decide(seen, Latest(closedAt: Noon + TimeSpan.FromMinutes(closedMinutesAfter))));
    }

    [Theory]
    [InlineData(OutcomeKind.Superseded, -1, JoinKind.Open)]
    [InlineData(OutcomeKind.HandedOver, -1, JoinKind.Open)]
    [InlineData(OutcomeKind.Failed, -1, JoinKind.Open)]
    [InlineData(OutcomeKind.Superseded, 1, JoinKind.Join)]
    [InlineData(OutcomeKind.Healed, -1, JoinKind.Join)] // the router looks at the target then
    [InlineData(OutcomeKind.Escalated, -1, JoinKind.Join)] // people look at it
    public void What_began_after_an_incident_that_left_the_target_to_nobody_is_not_lost_in_it(
        OutcomeKind outcome, int closedMinutesAfter, JoinKind expected) =>
        Assert.Equal(expected, Decide(Firing(), Latest(Noon + TimeSpan.FromMinutes(closedMinutesAfter)) with { Outcome = outcome }));

    [Fact]
    public void A_resolved_alert_opens_nothing() =>
        Assert.Equal(JoinKind.Ignore, Decide(Signal.Of(Alert(AlertStatus.Resolved), SignalSource.Webhook, Noon), latest: null));

    [Fact]
    public void A_person_who_starts_by_hand_is_not_put_off_with_a_closed_incident() =>
        Assert.Equal(JoinKind.Open, Decide(ByHand(), Latest(closedAt: Noon)));

    [Fact]
    public void A_person_who_starts_by_hand_joins_an_open_incident() =>
        Assert.Equal(JoinKind.Join, Decide(ByHand(), Latest(closedAt: null)));

    [Theory]
    [InlineData(null, null, true)] // nothing served what came first: whatever comes with a workflow is more
    [InlineData(null, Causes.NoChangeFound, true)]
    [InlineData("other", null, true)] // no rule had explained it
    [InlineData("other", Causes.CrashAfterTemplateChange, true)] // this workflow has an action for it
    [InlineData("other", Causes.OutOfMemory, false)] // and none for that: people were called already
    [InlineData("elsewhere", Causes.OutOfMemory, true)] // one that does nothing to such a target is as good as none
    [InlineData("crashloop", null, false)] // the same once more
    public void What_brings_a_workflow_to_an_incident_that_had_nothing_for_the_fault_is_not_lost_in_it(
        string? brought, string? cause, bool isMore)
    {
        var workflow = Some.Workflow();
        var other = workflow with { Name = brought ?? "" };
        if (brought == "elsewhere") other = other with { Actions = [workflow.Actions[0] with { Id = "fix_service_selector" }] };

        var bringsMore = JoinPolicy.BringsMore(
            Firing(), Some.Target, workflow, new UnhelpedIncident(cause, [], []), brought is null ? [] : [other], Actions);

        Assert.Equal(isMore, bringsMore);
    }

    [Fact]
    public void A_workflow_that_an_incident_before_had_tried_brings_nothing_more_and_neither_does_none_nor_an_end()
    {
        var (workflow, latest) = (Some.Workflow(), new UnhelpedIncident(null, [], []));

        Assert.False(JoinPolicy.BringsMore(Firing(), Some.Target, workflow, latest with { Passed = ["crashloop"] }, [], Actions));
        Assert.False(JoinPolicy.BringsMore(Firing(), Some.Target, null, latest, [], Actions));
        Assert.False(JoinPolicy.BringsMore(
            Signal.Of(Alert(AlertStatus.Resolved), SignalSource.Webhook, Noon), Some.Target, workflow, latest, [], Actions));
    }

    private static readonly ActionDescriptor[] Actions =
    [
        Some.Rollback, Some.Rollback with { Id = "fix_service_selector", TargetKinds = [TargetKinds.Service] },
    ];

    private static JoinKind Decide(Signal signal, LatestIncident? latest, string? whyAnew = null) =>
        JoinPolicy.Decide(signal, latest, Window, whyAnew, Noon).Kind;

    private static LatestIncident Latest(DateTimeOffset? closedAt) => new("incident-1", 1, closedAt, null);

    private static Signal Firing() => Signal.Of(Alert(AlertStatus.Firing), SignalSource.Webhook, Noon);

    private static Signal ByHand() =>
        Signal.Manual("crashloop", new TargetCandidate(TargetKinds.Deployment, "shop", "cart"), "request-1", Noon);

    private static Alert Alert(AlertStatus status) => new(
        "KubePodCrashLooping", status, new Dictionary<string, string>(), new Dictionary<string, string>(), Noon, null, "fingerprint");
}
