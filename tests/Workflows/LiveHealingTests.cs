using System.Text.Json.Nodes;
using Heal.Activities;
using Heal.Healing;
using Heal.Simulator.Faults;

namespace Heal.Workflows.Tests;

/// <summary>Whole incidents on the simulator, judged by the state of the cluster.</summary>
public sealed class LiveHealingTests
{
    private static Signal CrashAlert(string pod, string fingerprint = "f1") =>
        LiveHealer.Alert("KubePodCrashLooping", fingerprint, ("namespace", LiveHealer.Namespace), ("pod", pod), ("container", "web"));

    [Fact]
    public async Task A_crash_loop_after_a_bad_config_is_rolled_back_and_the_second_alert_joins()
    {
        await using var healer = await LiveHealer.StartAsync();
        var before = PodTemplates.Hash((await healer.DeploymentAsync()).Spec!.Template!);
        await healer.BreakAsync();
        var pod = await healer.UntilPodAsync(candidate =>
            candidate.Status?.ContainerStatuses?.Any(status => status.RestartCount > 0) == true);

        var first = await healer.RouteAsync(CrashAlert(pod.Metadata.Name!));
        var second = await healer.RouteAsync(CrashAlert(pod.Metadata.Name!, "f2"));
        var outcome = await healer.OutcomeAsync(first.IncidentId!);

        var after = await healer.DeploymentAsync();
        Assert.Equal(RouteKind.Started, first.Kind);
        Assert.Equal(RouteKind.Joined, second.Kind);
        Assert.Equal(first.IncidentId, second.IncidentId);
        Assert.True(outcome.Kind == OutcomeKind.Healed, outcome.Reason);
        Assert.Equal(Causes.CrashAfterTemplateChange, outcome.Cause);
        Assert.Equal(before, PodTemplates.Hash(after.Spec!.Template!));
        Assert.Equal(3, after.Status!.ReadyReplicas);
        Assert.Equal($"{first.IncidentId}/1", after.Metadata.Annotation(KubernetesNames.Operation));
        Assert.Equal(2, outcome.Signals);
    }

    [Fact]
    public async Task A_rollout_stuck_on_a_missing_image_is_rolled_back()
    {
        await using var healer = await LiveHealer.StartAsync();
        var before = PodTemplates.Hash((await healer.DeploymentAsync()).Spec!.Template!);
        await SetImageAsync(healer, "registry.example/web:no-such-tag");
        await healer.UntilPodAsync(pod =>
            pod.Status?.ContainerStatuses?.Any(status => status.State?.Waiting?.Reason is "ImagePullBackOff") == true);

        var routed = await healer.RouteAsync(
            LiveHealer.Alert("KubeDeploymentRolloutStuck", "f1", ("namespace", LiveHealer.Namespace), ("deployment", "web"),
                ("condition", "Progressing")));
        var outcome = await healer.OutcomeAsync(routed.IncidentId!);

        Assert.True(outcome.Kind == OutcomeKind.Healed, outcome.Reason);
        Assert.Equal(Causes.ImagePullAfterTemplateChange, outcome.Cause);
        Assert.Equal(before, PodTemplates.Hash((await healer.DeploymentAsync()).Spec!.Template!));
    }

    [Fact]
    public async Task Under_observation_nothing_is_touched_and_people_get_the_plan()
    {
        await using var healer = await LiveHealer.StartAsync("observe");
        await healer.BreakAsync();
        var broken = await healer.DeploymentAsync();

        var routed = await healer.RouteAsync(CrashAlert("web-gone"));
        var outcome = await healer.OutcomeAsync((await healer.RouteAsync(DeploymentAlert("f2"))).IncidentId!);

        var after = await healer.DeploymentAsync();
        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.Contains("autonomy is Observe", outcome.Reason);
        Assert.Contains("rollback_deployment", outcome.Reason);
        Assert.Equal(broken.Metadata.Generation, after.Metadata.Generation);
        Assert.Null(after.Metadata.Annotation(KubernetesNames.Operation));
        Assert.Empty(outcome.Actions);
        Assert.NotEqual(RouteKind.Rejected, routed.Kind);
    }

    [Fact]
    public async Task An_approved_plan_is_carried_out()
    {
        await using var healer = await LiveHealer.StartAsync("approve");
        await healer.BreakAsync();

        var routed = await healer.RouteAsync(DeploymentAlert("f1"));
        var asked = await healer.QuestionAsync(routed.IncidentId!);
        await healer.Client.RaiseEventAsync(
            routed.IncidentId!, ApprovalEvent.Name, new ApprovalEvent(true, "on-call", Question: asked.Question));
        var outcome = await healer.OutcomeAsync(routed.IncidentId!);

        Assert.True(outcome.Kind == OutcomeKind.Healed, outcome.Reason);
        Assert.Contains(outcome.Timings, timing => timing.Phase == Phase.Approve);
    }

    [Fact]
    public async Task A_second_answer_to_one_question_does_not_let_the_next_action_run()
    {
        await using var healer = await LiveHealer.StartAsync(
            "approve", Workflow("rollback_deployment, parameters: { minimumServed: 0s }", "pause_rollout"));
        await healer.BreakAsync();
        var broken = await healer.DeploymentAsync();

        var routed = await healer.RouteAsync(DeploymentAlert("f1"));
        await healer.QuestionAsync(routed.IncidentId!);

        // The first is refused for its parameter, so that the next action is asked about while the second lies there. As raised by hand:
        // neither names its question.
        var nonsense = new Dictionary<string, string> { ["minimumServed"] = "soon" };
        await healer.Client.RaiseEventAsync(routed.IncidentId!, ApprovalEvent.Name, new ApprovalEvent(true, "on-call", nonsense));
        await healer.Client.RaiseEventAsync(routed.IncidentId!, ApprovalEvent.Name, new ApprovalEvent(true, "on-call"));
        var outcome = await healer.OutcomeAsync(routed.IncidentId!);

        Assert.Contains("nobody approved 'pause_rollout'", outcome.Reason);
        Assert.Equal(ActionStatus.Refused, Assert.Single(outcome.Actions).Status);
        Assert.Equal(broken.Metadata.Generation, (await healer.DeploymentAsync()).Metadata.Generation);
    }

    [Fact]
    public async Task Who_lowers_the_autonomy_while_a_question_is_open_keeps_the_action_from_being_taken()
    {
        await using var healer = await LiveHealer.StartAsync("approve");
        await healer.BreakAsync();

        var routed = await healer.RouteAsync(DeploymentAlert("f1"));
        var asked = await healer.QuestionAsync(routed.IncidentId!);
        await healer.AnnotateAsync("web", KubernetesNames.Autonomy, "observe");
        var lowered = await healer.DeploymentAsync();
        await healer.Client.RaiseEventAsync(
            routed.IncidentId!, ApprovalEvent.Name, new ApprovalEvent(true, "on-call", Question: asked.Question));
        var outcome = await healer.OutcomeAsync(routed.IncidentId!);

        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.Contains("autonomy is Observe", outcome.Reason);
        Assert.Equal(lowered.Metadata.Generation, (await healer.DeploymentAsync()).Metadata.Generation);
    }

    [Fact]
    public async Task What_a_person_works_on_is_left_alone_although_it_may_be_acted_on()
    {
        await using var healer = await LiveHealer.StartAsync();
        await healer.BreakAsync();
        await healer.AnnotateAsync("web", KubernetesNames.Maintenance, "true");
        var broken = await healer.DeploymentAsync();

        var outcome = await healer.OutcomeAsync((await healer.RouteAsync(DeploymentAlert("f1"))).IncidentId!);

        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.Contains("heal.internal/maintenance of Deployment web says 'true': somebody works on it", outcome.Reason);
        Assert.Equal(broken.Metadata.Generation, (await healer.DeploymentAsync()).Metadata.Generation);
    }

    [Fact]
    public async Task A_rollout_that_is_paused_stays_paused_and_people_are_called_for_the_rest()
    {
        await using var healer = await LiveHealer.StartAsync("act", Workflow("pause_rollout"));
        await healer.BreakAsync();

        var outcome = await healer.OutcomeAsync((await healer.RouteAsync(DeploymentAlert("f1"))).IncidentId!);

        Assert.True(outcome.Kind == OutcomeKind.Escalated, outcome.Reason);
        Assert.Contains("is left to people", outcome.Reason);
        Assert.False(Assert.Single(outcome.Actions).Undone);
        Assert.True((await healer.DeploymentAsync()).Spec!.Paused);
    }

    [Fact]
    public async Task An_unanswered_question_expires_and_nothing_is_touched()
    {
        await using var healer = await LiveHealer.StartAsync("approve");
        await healer.BreakAsync();

        var outcome = await healer.OutcomeAsync((await healer.RouteAsync(DeploymentAlert("f1"))).IncidentId!);

        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.Contains("nobody approved", outcome.Reason);
        Assert.Null((await healer.DeploymentAsync()).Metadata.Annotation(KubernetesNames.Operation));
    }

    [Fact]
    public async Task A_healthy_target_needs_no_action()
    {
        await using var healer = await LiveHealer.StartAsync();

        var outcome = await healer.OutcomeAsync((await healer.RouteAsync(DeploymentAlert("f1"))).IncidentId!);

        Assert.Equal(OutcomeKind.NoActionNeeded, outcome.Kind);
        Assert.Contains("3 of 3 replicas are ready", outcome.Reason);
    }

    [Fact]
    public async Task An_alert_without_a_target_is_rejected_and_recorded()
    {
        await using var healer = await LiveHealer.StartAsync();

        var routed = await healer.RouteAsync(LiveHealer.Alert("SomethingIsOdd", "f1", ("team", "shop")));

        Assert.Equal(RouteKind.Rejected, routed.Kind);
        Assert.Contains("no label identifies a target", routed.Reason);
    }

    [Fact]
    public async Task A_rollback_that_does_not_help_is_undone_and_people_are_called()
    {
        await using var healer = await LiveHealer.StartAsync();
        await healer.BreakAsync();
        var broken = PodTemplates.Hash((await healer.DeploymentAsync()).Spec!.Template!);
        var incident = (await healer.RouteAsync(DeploymentAlert("f1"))).IncidentId!;

        // Not before the rollback: pods of the old template that crash earlier speak against the change as the cause.
        await healer.UntilAsync("web", deployment => deployment.Metadata.Annotation(KubernetesNames.Operation) is not null);
        await healer.AddFaultAsync(
            new FaultDescription { Name = "old-too", Match = new FaultMatch { ConfigMap = "web-config" }, Crash = new CrashEffect(1, 1) });
        var outcome = await healer.OutcomeAsync(incident);

        Assert.True(outcome.Kind == OutcomeKind.RolledBack, $"{outcome.Kind}: {outcome.Reason}");
        Assert.True(Assert.Single(outcome.Actions).Undone);
        Assert.Equal(broken, PodTemplates.Hash((await healer.DeploymentAsync()).Spec!.Template!));
    }

    [Fact]
    public async Task A_fault_that_comes_back_within_the_join_window_opens_a_new_incident()
    {
        await using var healer = await LiveHealer.StartAsync();
        var calm = await healer.RouteAsync(DeploymentAlert("f1"));
        Assert.Equal(OutcomeKind.NoActionNeeded, (await healer.OutcomeAsync(calm.IncidentId!)).Kind);
        await healer.BreakAsync();

        var routed = await healer.RouteAsync(DeploymentAlert("f2"));

        Assert.Equal(RouteKind.Started, routed.Kind);
        Assert.EndsWith("-2", routed.IncidentId);
        Assert.Equal(OutcomeKind.Healed, (await healer.OutcomeAsync(routed.IncidentId!)).Kind);
    }

    [Fact]
    public async Task A_signal_that_an_older_program_stored_is_routed_and_its_copy_joins()
    {
        await using var healer = await LiveHealer.StartAsync();
        var signal = DeploymentAlert("f1");

        var before = await healer.RouteAsBeforeAsync(signal);
        var copy = await healer.RouteAsync(signal with { Source = SignalSource.Reconcile });

        Assert.Equal(RouteKind.Started, before.Kind);
        Assert.Equal(before.IncidentId, copy.IncidentId);
        Assert.Equal(1, (await healer.OutcomeAsync(before.IncidentId!)).Signals);
    }

    /// <param name="actions">Each an id, and what else is said of it.</param>
    private static string Workflow(params string[] actions) => $$"""
        name: stuck
        version: "1.0.0"
        description: for tests
        alerts: [{ name: KubeDeploymentRolloutStuck }]
        limits: { maxRisk: R2, maxActions: 2, coolDown: 0s }
        approval: { timeout: 3s }
        actions:
        {{string.Join('\n', actions.Select(action =>
            $"  - {{ id: {action}, timeout: 30s, verification: {{ stableFor: 1s, timeout: 6s, pollEvery: 1s }} }}"))}}
        escalation: { to: on-call }
        """;

    private static Signal DeploymentAlert(string fingerprint) =>
        LiveHealer.Alert("KubeDeploymentRolloutStuck", fingerprint, ("namespace", LiveHealer.Namespace), ("deployment", "web"));

    private static Task<Drivers.Kubernetes.Models.Deployment> SetImageAsync(LiveHealer healer, string image) =>
        healer.Cluster.PatchAsync<Drivers.Kubernetes.Models.Deployment>(
        Drivers.Kubernetes.ResourceKind.Of<Drivers.Kubernetes.Models.Deployment>(), LiveHealer.Namespace, "web",
        Drivers.Kubernetes.Patch.Json(
            Drivers.Kubernetes.JsonPatchOperation.Replace("/spec/template/spec/containers/0/image", JsonValue.Create(image))),
        new Drivers.Kubernetes.WriteOptions { FieldManager = "kubectl-set" });
}
