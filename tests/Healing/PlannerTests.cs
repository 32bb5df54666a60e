namespace Heal.Healing.Tests;

public sealed class PlannerTests
{
    [Fact]
    public void An_action_that_fits_in_a_scope_that_says_act_is_taken_with_complete_parameters()
    {
        var plan = Planner.Decide(Facts());

        Assert.Equal((PlanVerdict.Act, "rollback_deployment", "30s"), (plan.Verdict, plan.Action!.Id, plan.Parameters["minimumServed"]));
    }

    [Theory]
    [InlineData(Autonomy.Observe, PlanVerdict.Advise)]
    [InlineData(Autonomy.Advise, PlanVerdict.Advise)]
    [InlineData(Autonomy.Approve, PlanVerdict.AskFirst)]
    [InlineData(Autonomy.Act, PlanVerdict.Act)]
    public void Autonomy_decides_how_far_it_goes(Autonomy level, PlanVerdict verdict)
    {
        var facts = Facts();

        Assert.Equal(verdict,
            Planner.Decide(facts with { Evidence = facts.Evidence with { Autonomy = new AutonomySetting(level, "a test") } }).Verdict);
    }

    [Fact]
    public void Without_a_workflow_people_are_called() => AssertEscalates(Facts() with { Workflow = null }, "no workflow serves");

    [Fact]
    public void A_plan_says_that_nothing_fits_only_while_nothing_was_done()
    {
        var facts = Facts();
        var unexplained = facts with { Diagnosis = new Diagnosis([], [], []) };
        var elsewhere = facts with { Actions = [Some.Rollback with { TargetKinds = [TargetKinds.Node] }] };
        var twice = facts.Workflow! with { Limits = facts.Workflow.Limits with { MaxActions = 2 } };

        Assert.All([facts with { Workflow = null }, unexplained, elsewhere], none => Assert.True(Planner.Decide(none).NothingFits));
        Assert.All(
            [facts, facts with { ActionsMade = 1 }, elsewhere with { Workflow = twice, ActionsMade = 1 }],
            some => Assert.False(Planner.Decide(some).NothingFits));
    }

    [Fact]
    public void An_action_is_not_tried_twice() =>
        AssertEscalates(Facts() with { ActionsTried = ["rollback_deployment"] }, "was tried in this incident");

    [Fact]
    public void An_action_that_repeats_is_tried_as_often_as_the_incident_may_act()
    {
        var facts = Facts();
        var repeats = facts with
        {
            Workflow = facts.Workflow! with { Limits = facts.Workflow.Limits with { MaxActions = 2 } },
            Actions = [Some.Rollback with { Repeats = true }],
            ActionsTried = ["rollback_deployment"], ActionsInVain = ["rollback_deployment"], ActionsMade = 1,
        };
        string[] twice = ["rollback_deployment", "rollback_deployment"];

        Assert.True(Planner.Decide(repeats) is { Verdict: PlanVerdict.Act, Repeats: true });
        AssertEscalates(repeats with { ActionsTried = twice, ActionsInVain = twice, ActionsMade = 2 }, "the limit is 2");
        // what was refused is refused
        AssertEscalates(repeats with { ActionsInVain = [] }, "was tried in this incident");
    }

    [Fact]
    public void The_number_of_actions_is_limited() => AssertEscalates(Facts() with { ActionsMade = 1 }, "the limit is 1");

    [Fact]
    public void A_precondition_that_does_not_hold_passes_the_action_over() =>
        AssertEscalates(Facts() with { Refusals = new Dictionary<string, string> { ["rollback_deployment"] = "no earlier revision" } },
            "no earlier revision");

    [Fact]
    public void What_another_tool_manages_is_not_patched_live()
    {
        var facts = Facts();
        var owned = Some.Workload() with { Owner = new ManagedBy("Helm", "annotation meta.helm.sh/release-name") };

        AssertEscalates(facts with { Evidence = facts.Evidence with { Workload = owned } }, "belongs to Helm");
    }

    [Fact]
    public void An_action_that_acts_at_the_source_is_taken_where_another_tool_owns_the_target()
    {
        var facts = Facts();
        var owned = Some.Workload() with { Owner = new ManagedBy("Helm", "annotation meta.helm.sh/release-name") };

        var plan = Planner.Decide(facts with
        {
            Evidence = facts.Evidence with { Workload = owned }, Actions = [Some.Rollback with { ForOwned = true }],
        });

        Assert.Equal(PlanVerdict.Act, plan.Verdict);
    }

    [Fact]
    public void An_action_with_a_time_limit_brings_it_into_the_plan()
    {
        var limited = Some.Rollback with { TimeLimit = "minimumServed" };

        var plan = Planner.Decide(Facts() with { Actions = [limited] });

        Assert.Equal((TimeSpan.FromSeconds(30), "minimumServed"), (plan.TimeLimit, plan.LimitedBy));
    }

    [Fact]
    public void A_weak_hypothesis_is_not_acted_on()
    {
        var weak = new Diagnosis([new Hypothesis(Causes.CrashAfterTemplateChange, "perhaps", 0.5, [])], [], []);

        AssertEscalates(Facts() with { Diagnosis = weak }, "confidence 0.50 is below the 0.60");
    }

    [Fact]
    public void Risk_above_the_limit_is_advice_and_from_the_approval_class_a_question()
    {
        var facts = Facts();
        var limited = facts.Workflow! with { Limits = facts.Workflow.Limits with { MaxRisk = RiskClass.R1 } };
        var asking = facts.Workflow with { Approval = new ApprovalSetting(RiskClass.R2, TimeSpan.FromMinutes(1)) };

        Assert.Equal(PlanVerdict.Advise, Planner.Decide(facts with { Workflow = limited }).Verdict);
        Assert.Equal(PlanVerdict.AskFirst, Planner.Decide(facts with { Workflow = asking }).Verdict);
    }

    [Fact]
    public void A_target_that_was_just_remedied_waits_until_the_pause_is_over()
    {
        var plan = Planner.Decide(Facts(Past(2, "other")));

        Assert.Equal((PlanVerdict.Wait, Some.Noon.AddMinutes(3)), (plan.Verdict, plan.WaitUntil!.Value));
    }

    [Fact]
    public void A_fault_that_comes_back_once_may_be_remedied_at_once_and_a_second_time_waits_and_says_so()
    {
        var workflow = Some.Workflow();
        workflow = workflow with { Limits = workflow.Limits with { CoolDownFrom = 2 } };

        var first = Planner.Decide(Facts(Past(1, "a")) with { Workflow = workflow });
        var second = Planner.Decide(Facts(Past(1, "a"), Past(2, "b")) with { Workflow = workflow });

        Assert.Equal(PlanVerdict.Act, first.Verdict);
        Assert.Equal((PlanVerdict.Wait, Some.Noon.AddMinutes(4)), (second.Verdict, second.WaitUntil!.Value));
        Assert.Contains("for the 2. time within 4 h; the next action may come 300 s after that", second.Summary);
    }

    [Fact]
    public void A_target_under_another_operation_waits() =>
        Assert.Equal(PlanVerdict.Wait,
            Planner.Decide(Facts(new PastOperation("k", "i", "a", Some.Noon.AddSeconds(-5), null, Finished: false))).Verdict);

    [Fact]
    public void Three_cycles_in_four_hours_call_people() =>
        AssertEscalates(Facts(Past(30, "a"), Past(60, "b"), Past(90, "c")), "did not last");

    [Fact]
    public void Cycles_longer_ago_do_not_count() =>
        Assert.Equal(PlanVerdict.Act, Planner.Decide(Facts(Past(300, "a"), Past(400, "b"), Past(500, "c"))).Verdict);

    [Fact]
    public void A_fix_that_was_reverted_twice_is_not_repeated_and_the_actor_is_named() =>
        AssertEscalates(Facts(Past(30, "bad"), Past(60, "bad")), "'kubectl-set' put back");

    [Fact]
    public void A_rollback_goes_to_the_newest_revision_that_is_not_known_to_be_bad()
    {
        var verdict = RollbackPolicy.Judge(Some.Workload(), [
            Some.Revision("web-3", 3, "bad"),
            Some.Revision("web-2", 2, "worse", unhealthy: "was not available when web-3 came", served: TimeSpan.FromHours(1)),
            Some.Revision("web-1", 1, "good", served: TimeSpan.FromHours(1)),
        ], TimeSpan.FromSeconds(30));

        Assert.Equal("web-1", verdict.Revision!.Name);
    }

    [Fact]
    public void A_revision_that_served_too_short_a_time_and_is_not_proven_is_refused()
    {
        var verdict = RollbackPolicy.Judge(
            Some.Workload(), [Some.Revision("web-2", 2, "bad"), Some.Revision("web-1", 1, "good", served: TimeSpan.FromSeconds(5))],
                TimeSpan.FromSeconds(30));

        Assert.Null(verdict.Revision);
        Assert.Contains("served for 5 s only", verdict.Reason);
    }

    [Theory]
    [InlineData(true, -20, true)]
    [InlineData(false, -5, true)]
    [InlineData(false, -20, false)]
    public void The_available_condition_tells_what_the_revision_before_was(bool available, int minutes, bool healthy)
    {
        IReadOnlyList<RevisionEvidence> revisions = [Some.Revision("web-2", 2, "bad"), Some.Revision("web-1", 1, "good")];

        var judged = RevisionHealth.Judge(
            revisions, new ConditionEvidence("Available", available, "", "", Some.Noon.AddMinutes(minutes)), []);

        Assert.Equal(healthy, judged[1].WasHealthy is not null);
        Assert.Equal(!healthy, judged[1].WasUnhealthy is not null);
    }

    private static void AssertEscalates(PlanningFacts facts, string reason)
    {
        var plan = Planner.Decide(facts);
        Assert.Equal(PlanVerdict.Escalate, plan.Verdict);
        Assert.Contains(reason, plan.Summary);
    }

    private static PastOperation Past(int minutesAgo, string removed) =>
        new("k", "i", "rollback_deployment", Some.Noon.AddMinutes(-minutesAgo), removed);

    private static PlanningFacts Facts(params PastOperation[] history)
    {
        var evidence = Some.Crash();
        return new PlanningFacts(
            "KubePodCrashLooping", evidence, Diagnostician.Diagnose(evidence, DetectionPolicy.Judge(evidence)), Some.Workflow(),
                [Some.Rollback],
            new Dictionary<string, string>(), [], 0, history, new SafetyLimits(), Some.Noon);
    }
}
