using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>The definitions in <c>workflows/</c>, checked against the actions of this program.</summary>
public sealed class ShippedWorkflowTests
{
    internal static readonly WorkflowCatalogue Shipped = WorkflowCatalogue.Load(
        Path.Combine(AppContext.BaseDirectory, "workflows"),
        [
            .. RecipeBook.All.Concat(MachineRecipes.All).Select(recipe => recipe.Descriptor),
            new RollbackDeployment(null!, null!, null!, TimeProvider.System).Descriptor,
        ]);

    [Theory]
    [InlineData("KubePodCrashLooping", "crashloop", "rollback_deployment")]
    [InlineData("KubernetesPodCrashLooping", "crashloop", "rollback_deployment")]
    [InlineData("KubeDeploymentRolloutStuck", "stuck-rollout", "rollback_deployment")]
    [InlineData("ContainerMemoryExhaustionPredicted", "memory-leak", "rollout_restart")]
    [InlineData("ContainerOOMKilling", "out-of-memory", "rollback_deployment")]
    [InlineData("KubeHpaMaxedOut", "hpa-maxed", "patch_hpa_max")]
    [InlineData("KubePodDisruptionBudgetAtLimit", "pdb-deadlock", "relax_pdb")]
    [InlineData("KubeNodeNotReady", "node-notready", "drain_node")]
    [InlineData("PVRunwayShort", "pvc-capacity", "expand_pvc")]
    [InlineData("CertManagerCertExpirySoon", "certificate", "renew_certificate")]
    [InlineData("ContainerRequestsMisfit", "right-size", "right_size")]
    [InlineData("KubePersistentVolumeClaimLost", "volume-lost", "recreate_pvc_statefulset")]
    [InlineData("KubePodNotScheduled", "capacity", "scale_node_pool")]
    [InlineData("IstioHighDenyRate", "authz-policy", "remove_authz_policy")]
    [InlineData("EtcdHighFragmentationRatio", "etcd", "defrag_etcd")]
    [InlineData("KubeJobFailed", "job-failed", "rerun_job")]
    [InlineData("KubeEndpointWithoutBackends", "service-selector", "fix_service_selector")]
    [InlineData("KubeNodeReadinessFlapping", "node-flapping", "cordon_node")]
    [InlineData("KubeNodeCordonedTooLong", "node-left-cordoned", "uncordon_node")]
    [InlineData("LibvirtDomainCrashed", "vm-crashed", "vm_start")]
    [InlineData("LibvirtDomainUnexpectedShutoff", "vm-shutoff", "vm_start")]
    [InlineData("LibvirtDomainBootFailure", "vm-boot-failure", "vm_start")]
    [InlineData("LibvirtDomainPausedIOError", "vm-io-error", "vm_resume_after_io")]
    [InlineData("LibvirtDomainWatchdog", "vm-watchdog", "vm_restart")]
    [InlineData("LibvirtDomainLeftPaused", "vm-watchdog", "vm_restart")]
    [InlineData("LibvirtDomainGuestUnresponsive", "vm-unresponsive", "vm_restart")]
    [InlineData("LibvirtDomainMigrationStuck", "vm-migration-stuck", "vm_abort_migration")]
    [InlineData("LibvirtDomainMemoryPressure", "vm-memory", "vm_balloon")]
    [InlineData("LibvirtStoragePoolFillingUp", "vm-storage-pool", "storage_pool_refresh")]
    [InlineData("LibvirtdUnresponsive", "vm-hypervisor", "restart_libvirtd")]
    [InlineData("HypervisorOvercommit", "vm-overcommit", "vm_live_migrate")]
    [InlineData("LibvirtDomainLeftCopy", "vm-left-copy", "vm_remove_copy")]
    [InlineData("LibvirtDomainRunsTwice", "vm-left-copy", "vm_remove_copy")]
    public void An_alert_has_its_workflow_and_the_action_that_is_tried_first(string alert, string workflow, string action)
    {
        var found = For(alert);

        Assert.Equal((workflow, action), (found?.Name, found?.Actions[0].Id));
    }

    [Fact]
    public void An_alert_of_a_detector_has_a_workflow_or_is_for_people_with_the_reason()
    {
        var detectors = DetectorCatalogue.All(new DetectorSettings()).Select(row => row.Detector.Info).ToList();

        Assert.All(detectors, info => Assert.All(info.Alerts, alert =>
            Assert.True(For(alert) is null != info.ForPeople is null, $"expected a workflow or a reason for '{alert}', and not both")));
    }

    [Fact]
    public void What_an_alert_proves_is_a_cause_that_an_action_of_the_workflow_remedies() => Assert.All(
        Shipped.Definitions.Where(definition => definition.AlertProves is not null), definition =>
            Assert.Contains(definition.Actions, action => RecipeBook.All.Concat(MachineRecipes.All).Any(recipe =>
                recipe.Descriptor.Id == action.Id && recipe.Descriptor.Causes.Contains(definition.AlertProves!))));

    private static WorkflowDefinition? For(string alert) => Shipped.For(new Alert(
        alert, AlertStatus.Firing, new Dictionary<string, string> { ["alertname"] = alert }, new Dictionary<string, string>(),
        DateTimeOffset.UnixEpoch, null, "f"));
}
