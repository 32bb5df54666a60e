using System.Globalization;
using System.Text;

namespace Heal.Healing.Tests;

/// <summary>The bundle as a whole: its bytes, its bounds, and what is read out of targets without replicas.</summary>
public sealed class EvidenceTests
{
    [Fact]
    public void A_bundle_read_back_is_the_same_to_the_byte_and_gives_the_same_diagnosis()
    {
        var bytes = EvidenceJson.Write(Rich());

        var read = EvidenceJson.Read(bytes);

        Assert.Equal(bytes, EvidenceJson.Write(read));
        Assert.Equal(Text(Rich()), Text(read));
        Assert.Equal(EvidenceJson.Hash(bytes), EvidenceJson.Hash(EvidenceJson.Write(read)));
    }

    [Fact]
    public void A_bundle_of_a_newer_program_is_refused_and_one_of_an_older_is_read()
    {
        var text = Encoding.UTF8.GetString(EvidenceJson.Write(Some.Crash()));
        var newer = text.Replace("\"schema\":2", "\"schema\":3", StringComparison.Ordinal);

        var refused = Assert.Throws<EvidenceSchemaException>(() => EvidenceJson.Read(Encoding.UTF8.GetBytes(newer)));

        Assert.Contains("got 3", refused.Message);
        Assert.Equal(1, EvidenceJson.Read(Encoding.UTF8.GetBytes(
            text.Replace("\"schema\":2", "\"schema\":1", StringComparison.Ordinal))).Schema);
    }

    [Theory]
    [InlineData(EvidenceLimits.BundleBytes)]
    [InlineData(EvidenceLimits.DigestBytes)]
    [InlineData(32 * 1024)]
    public void A_bundle_that_is_too_large_is_cut_until_it_fits_and_says_what_went(int limit)
    {
        var cut = EvidenceSize.Fit(Huge(), limit);

        Assert.True(EvidenceJson.Write(cut).Length <= limit);
        Assert.StartsWith($"cut to {(limit / 1024).ToString(CultureInfo.InvariantCulture)} KiB: without ", cut.Gaps[^1]);
        Assert.Equal(EvidenceJson.Write(cut), EvidenceJson.Write(EvidenceSize.Fit(Huge(), limit)));
    }

    [Fact]
    public void The_digest_keeps_what_is_judged_on()
    {
        var digest = Rich().Digest();

        Assert.Equal(Text(Rich()), Text(digest));
        Assert.True(EvidenceJson.Write(Huge().Digest()).Length <= EvidenceLimits.DigestBytes);
    }

    [Fact]
    public void A_small_bundle_is_left_as_it_is() =>
        Assert.Same(Some.Crash().Gaps, EvidenceSize.Fit(Some.Crash() with { Gaps = Some.Crash().Gaps }, EvidenceLimits.BundleBytes).Gaps);

    [Theory]
    [InlineData("0/3 nodes are available: 3 Insufficient cpu.", Causes.CapacityExhausted)]
    [InlineData("0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: db}.", Causes.NodeTainted)]
    [InlineData("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.", Causes.VolumeNotBound)]
    [InlineData("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", Causes.Unschedulable)]
    public void What_the_scheduler_says_decides_the_cause(string message, string cause)
    {
        var pod = Some.Pod(Some.Container(), node: null) with
        {
            Phase = "Pending",
            Containers = [],
            Conditions = [new ConditionEvidence("PodScheduled", false, "Unschedulable", message, Some.Noon)],
        };

        var leading = Diagnose(Some.Evidence(null, pod)).Leading()!;

        Assert.Equal(cause, leading.Cause);
        Assert.Contains(message, leading.Statement);
        Assert.Contains(pod.Id, leading.Evidence);
    }

    [Fact]
    public void A_quota_that_refuses_pods_is_found_in_the_condition()
    {
        var refused = new ConditionEvidence("ReplicaFailure", true, "FailedCreate",
            "pods \"web-2-x\" is forbidden: exceeded quota: quota, requested: pods=1, used: pods=3, limited: pods=3", Some.Noon);
        var bundle = Some.Evidence(null) with
        {
            Workload = Some.Workload() with { Conditions = [refused] },
            Related = [new RelatedEvidence("resourcequota/quota", "ResourceQuota", "quota", "limits the namespace", null, null, [], [])],
        };

        var leading = Diagnose(bundle).Leading()!;

        Assert.Equal(Causes.QuotaExceeded, leading.Cause);
        Assert.Equal(["deployment/web", "resourcequota/quota"], leading.Evidence);
    }

    [Fact]
    public void A_missing_secret_is_called_one()
    {
        var missing = new ConfigEvidence("secret/keys", "keys", false, true, true, null, null, [], null, null)
        {
            Kind = ConfigEvidence.Secret,
        };
        var bundle = Some.Evidence(null, Some.Pod(Some.Container("CreateContainerConfigError"))) with { Configs = [missing] };

        Assert.StartsWith("Secret 'keys' does not exist", Diagnose(bundle).Leading()!.Statement, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_under_pressure_or_not_ready_is_a_fault_and_else_the_alert_is_believed()
    {
        static EvidenceBundle Node(bool ready, params ConditionEvidence[] conditions) => Bare("Node", "node-1") with
        {
            Nodes = [new NodeEvidence("node/node-1", "node-1", ready, false, "KubeletReady") { Conditions = conditions }],
        };

        var pressed = Node(true, new ConditionEvidence("DiskPressure", true, "KubeletHasDiskPressure", "", Some.Noon.AddMinutes(-3)));

        Assert.Equal((DetectionVerdict.Faulty, Some.Noon.AddMinutes(-3)),
            (DetectionPolicy.Judge(pressed).Verdict, DetectionPolicy.Judge(pressed).Since));
        Assert.Equal(Causes.NodePressure, Diagnose(pressed).Leading()!.Cause);
        Assert.Equal(Causes.NodeNotReady, Diagnose(Node(false)).Leading()!.Cause);
        Assert.Contains("taken at its word", DetectionPolicy.Judge(Node(true)).Reason);
    }

    [Fact]
    public void A_pod_is_judged_by_itself_and_not_by_its_siblings()
    {
        var well = Some.Pod(Some.Container(ready: true), name: "web-2-y");
        var bundle = Bare("Pod", "web-2-x") with { Pods = [Some.Pod(Some.Container("CrashLoopBackOff", 1, 3)), well] };

        Assert.Equal(DetectionVerdict.Faulty, DetectionPolicy.Judge(bundle).Verdict);
        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(bundle with
        {
            Object = bundle.Object! with { Name = "web-2-y" }, Target = bundle.Target with { Name = "web-2-y" },
        }).Verdict);
    }

    [Fact]
    public void A_deletion_is_somebodys_intent_until_it_takes_too_long()
    {
        static EvidenceBundle Deleted(TimeSpan ago)
        {
            var bundle = Bare("Pod", "web-2-x");
            return bundle with { Object = bundle.Object! with { DeletingSince = Some.Noon - ago, Finalizers = ["example.com/hold"] } };
        }

        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(Deleted(TimeSpan.FromSeconds(30))).Verdict);
        var stuck = Deleted(TimeSpan.FromMinutes(10));
        Assert.Contains("example.com/hold", DetectionPolicy.Judge(stuck).Reason);
        Assert.Equal(Causes.PodStuckTerminating, Diagnose(stuck).Leading()!.Cause);
    }

    private static EvidenceBundle Bare(string kind, string name) => EvidenceBundle.Empty(
        new TargetReference("test", kind, kind == "Node" ? "" : "shop", name), Some.Noon, true, new AutonomySetting(Autonomy.Act, "a test"))
        with
    {
        Object = new ObjectEvidence(
            $"{kind.ToLowerInvariant()}/{name}", "v1", kind, "shop", name, "u1", "1", 1, 1, Some.Noon.AddDays(-1), null, [], null, [], []),
    };

    private static EvidenceBundle Rich() => Some.Crash() with
    {
        Object = Bare("Deployment", "web").Object! with { Facts = [new FactEvidence("spec.replicas", "3")] },
        Owners = [new OwnerEvidence("app/shop", "example.com/v1", "App", "shop", "u2", true, Some.Noon, false, null)],
        Siblings = [new SiblingEvidence("deployment/api", "Deployment", "api", "1/1 ready", true)],
        Related = [new RelatedEvidence(
            "service/web", "Service", "web", "selects the pods", Some.Noon, null, [], [new("spec.type", "ClusterIP")])],
        RecentChanges = [new ChangeEvidence("recent/1", Some.Noon, "deployment/web", "kubectl", "spec was written")],
        Events = [new EventEvidence("event/1", "Warning", "BackOff", "web-2-x", "back-off", 3, Some.Noon, Some.Noon) { Kind = "Pod" }],
        Logs = [new LogEvidence("log/web-2-x/app/previous", "web-2-x", "app", true, ["FATAL: mode"])],
        Configs = [new ConfigEvidence("configmap/web-bad", "web-bad", true, true, false, "7", "ab", ["mode"], Some.Noon, Some.Noon)],
    };

    private static EvidenceBundle Huge()
    {
        var line = new string('l', EvidenceLimits.LogLineLength);
        string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"{new string('n', 60)}{i}");
        IReadOnlyList<FactEvidence> facts = [.. Enumerable.Range(0, 80).Select(i => new FactEvidence($"status.{Name(i)}", line[..200]))];
        var conditions = Enumerable.Range(0, 20).Select(i => new ConditionEvidence(Name(i), false, line, line, Some.Noon)).ToList();
        return Rich() with
        {
            Pods = [.. Enumerable.Range(0, 30).Select(i => Some.Pod(Some.Container(), name: Name(i)) with { Conditions = conditions })],
            Events = [.. Enumerable.Range(0, 40).Select(i => new EventEvidence(Name(i), "Warning", "r", Name(i), line, 1, null, null))],
            Logs = [.. Enumerable.Range(0, 8).Select(i => new LogEvidence(Name(i), "p", "c", false, [.. Enumerable.Repeat(line, 40)]))],
            Related = [.. Enumerable.Range(0, 90).Select(i => new RelatedEvidence(Name(i), "Service", Name(i), "", null, null, [], facts))],
            Object = Rich().Object! with { Facts = facts },
            Change = Some.Change([.. Enumerable.Range(0, 60).Select(i => new Difference(Name(i), Name(i), line, line))]),
            Configs = [.. Enumerable.Range(0, 20).Select(i => new ConfigEvidence(
                Name(i), Name(i), true, true, true, "1", "h", [.. Enumerable.Range(0, 50).Select(Name)], null, null))],
            UnreadyNeighbours = [.. Enumerable.Range(0, 900).Select(Name)],
        };
    }

    private static Diagnosis Diagnose(EvidenceBundle bundle) => Diagnostician.Diagnose(bundle, DetectionPolicy.Judge(bundle));

    private static string Text(EvidenceBundle bundle) => System.Text.Json.JsonSerializer.Serialize(Diagnose(bundle));
}
