namespace Heal.Healing.Tests;

public sealed class TargetPolicyTests
{
    [Theory]
    [InlineData("KubePodCrashLooping", "namespace=shop,pod=web-1,container=app", "Pod", "shop", "web-1")]
    [InlineData("KubernetesPodCrashLooping", "namespace=shop,pod=web-1", "Pod", "shop", "web-1")]
    [InlineData("KubeDeploymentRolloutStuck", "namespace=shop,deployment=web,pod=kube-state-metrics-0", "Deployment", "shop", "web")]
    [InlineData("KubeStatefulSetReplicasMismatch", "namespace=shop,statefulset=db", "StatefulSet", "shop", "db")]
    [InlineData("KubeJobFailed", "namespace=shop,job_name=nightly,job=kube-state-metrics", "Job", "shop", "nightly")]
    [InlineData("KubeHpaMaxedOut", "namespace=shop,horizontalpodautoscaler=web", "HorizontalPodAutoscaler", "shop", "web")]
    [InlineData("KubePersistentVolumeFillingUp", "namespace=shop,persistentvolumeclaim=data", "PersistentVolumeClaim", "shop", "data")]
    [InlineData("KubePersistentVolumeErrors", "namespace=monitoring,pod=kube-state-metrics-0,persistentvolume=pv1", "PersistentVolume", "",
        "pv1")]
    [InlineData("KubeNodeNotReady", "node=node2,namespace=monitoring,pod=kube-state-metrics-0", "Node", "", "node2")]
    [InlineData("NodeFilesystemAlmostOutOfSpace", "instance=10.0.0.3:9100,namespace=monitoring,pod=node-exporter-x", "Node", "",
        "10.0.0.3:9100")]
    [InlineData("KubeCPUOvercommit", "namespace=monitoring", "Cluster", "", "test")]
    [InlineData("LibvirtDomainCrashed", "domain=vm7,instance=host1:9177", "VirtualMachine", "", "vm7")]
    [InlineData("MadeUpByATeam", "namespace=shop,deployment=web,pod=web-1", "Deployment", "shop", "web")]
    [InlineData("MadeUpByATeam", "namespace=shop,pod=web-1", "Pod", "shop", "web-1")]
    [InlineData("MadeUpByATeam", "namespace=monitoring,pod=kube-state-metrics-0,node=node2", "Node", "", "node2")]
    public void The_identity_labels_of_an_alert_name_its_target(string alert, string labels, string kind, string ns, string name)
    {
        var found = TargetPolicy.Identify(Some.Alert(alert, Labels(labels)), "test");

        Assert.Equal((TargetVerdict.Found, kind, ns, name),
            (found.Verdict, found.Candidate!.Kind, found.Candidate.Namespace, found.Candidate.Name));
    }

    [Theory]
    [InlineData("Watchdog", "severity=none", TargetVerdict.Ignored, "proves that the alert path works")]
    [InlineData("InfoInhibitor", "namespace=shop", TargetVerdict.Ignored, "hides other alerts")]
    [InlineData("KubePodCrashLooping", "pod=web-1", TargetVerdict.Rejected, "identifies a Pod by the labels namespace and pod")]
    [InlineData("MadeUpByATeam", "team=shop", TargetVerdict.Rejected, "no label identifies a target")]
    [InlineData("MadeUpByATeam", "namespace=shop,pod=../secrets", TargetVerdict.Rejected, "no valid object name")]
    public void What_names_no_target_is_said_to_and_why(string alert, string labels, TargetVerdict verdict, string reason)
    {
        var found = TargetPolicy.Identify(Some.Alert(alert, Labels(labels)), "test");

        Assert.Equal(verdict, found.Verdict);
        Assert.Contains(reason, found.Reason);
    }

    private static (string, string)[] Labels(string text) => [.. text.Split(',').Select(pair => (pair.Split('=')[0], pair.Split('=')[1]))];
}
