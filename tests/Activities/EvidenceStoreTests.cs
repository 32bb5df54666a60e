using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Heal.Simulator.Faults;

namespace Heal.Activities.Tests;

/// <summary>One bundle: the same for the same state, kept whole, and judged by its digest.</summary>
public sealed class EvidenceStoreTests
{
    [Fact]
    public async Task The_same_state_of_the_cluster_gives_the_same_bytes()
    {
        await using var rig = await CrashingAsync();
        await rig.AddFaultAsync(new FaultDescription { Api = new ApiEffect("status", 403, Path: "/apis/policy/v1/namespaces/*") });
        rig.Time = new ManualTime(DateTimeOffset.UnixEpoch.AddYears(60));
        rig.Options.Parallelism = 1;
        var first = await rig.CollectAsync("Node", "node-1", "");
        rig.Options.Parallelism = 16;
        var second = await rig.CollectAsync("Node", "node-1", "");
        var settled = await rig.CollectAsync("Deployment", "calm");
        var again = await rig.CollectAsync("Deployment", "calm");

        Assert.Equal(EvidenceJson.Write(settled), EvidenceJson.Write(again));
        Assert.Equal(first.Siblings, second.Siblings);
        Assert.Equal(first.Gaps, second.Gaps);
    }

    [Fact]
    public async Task A_kept_bundle_read_back_gives_the_same_diagnosis_bit_for_bit()
    {
        await using var rig = await CrashingAsync();
        var target = new TargetReference("test", "Deployment", EvidenceRig.Namespace, "web");

        var digest = await rig.Activity().RunAsync(null!, new CollectRequest(target, "incident-1", 1));

        var reference = digest.Stored!;
        var whole = (await rig.Kept.FindAsync(reference, CancellationToken.None))!;
        Assert.Equal(reference, Assert.Single(await rig.Kept.ListAsync("incident-1", CancellationToken.None)));
        Assert.True(reference.StoredBytes < reference.PlainBytes / 2);
        Assert.Equal(reference.Hash, EvidenceJson.Hash(EvidenceJson.Write(whole)));
        Assert.Equal(EvidenceJson.Write(digest), EvidenceJson.Write(whole.Digest() with { Stored = reference }));
        Assert.Equal(Causes.CrashAfterTemplateChange, Diagnose(digest).Leading()!.Cause);
        Assert.Equal(Text(Diagnose(digest)), Text(Diagnose(whole.Digest())));
    }

    [Fact]
    public async Task A_look_in_passing_is_not_kept_and_a_repeated_step_keeps_both()
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("calm", 1));
        var target = new TargetReference("test", "Deployment", EvidenceRig.Namespace, "calm");

        var passing = await rig.Activity().RunAsync(null!, new CollectRequest(target));
        var first = await rig.Activity().RunAsync(null!, new CollectRequest(target, "incident-1", 1));
        var second = await rig.Activity().RunAsync(null!, new CollectRequest(target, "incident-1", 1));

        Assert.Null(passing.Stored);
        Assert.NotEqual(first.Stored, second.Stored);
        Assert.Equal(2, (await rig.Kept.ListAsync("incident-1", CancellationToken.None)).Count);
        Assert.Equal(first.CollectedAt, (await rig.Kept.FindAsync(first.Stored!, CancellationToken.None))!.CollectedAt);
    }

    [Fact]
    public async Task What_is_older_than_the_retention_goes_and_damaged_content_is_refused()
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("calm", 1));
        var bundle = await rig.CollectAsync("Deployment", "calm");
        var old = await rig.Kept.KeepAsync(
            "incident-1", 1, bundle with { CollectedAt = bundle.CollectedAt.AddDays(-31) }, TimeSpan.FromDays(60), CancellationToken.None);
        var kept = await rig.Kept.KeepAsync("incident-2", 1, bundle, TimeSpan.FromDays(30), CancellationToken.None);

        Assert.Null(await rig.Kept.FindAsync(old, CancellationToken.None));
        var damaged = await Assert.ThrowsAsync<InvalidDataException>(() =>
            rig.Kept.FindAsync(kept with { PlainBytes = kept.PlainBytes + 5 }, CancellationToken.None));
        Assert.Contains("incident-2, step 1", damaged.Message);
        Assert.Null(await rig.Kept.FindAsync(kept with { Hash = "other" }, CancellationToken.None));
    }

    private static async Task<EvidenceRig> CrashingAsync()
    {
        var rig = await EvidenceRig.StartAsync(
            [.. EvidenceRig.Parse(EvidenceObjects.Deployment("web", 2)), .. EvidenceRig.Parse(EvidenceObjects.Deployment("calm", 1))],
            [new FaultDescription { Name = "bad", Match = new FaultMatch { Image = "*:1.9" },
                Crash = new CrashEffect(1, 1, "FATAL: no") }]);
        await rig.UntilAsync<Deployment>("calm", item => item.Status?.ReadyReplicas == 1);
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ReadyReplicas == 2);
        await rig.Client.PatchAsync<Deployment>(EvidenceRig.Namespace, "web", Patch.Json(
            JsonPatchOperation.Replace("/spec/template/spec/containers/0/image", JsonValue.Create("registry.example/web:1.9"))));
        await rig.UntilAsync<Pod>("", pod => pod.Status?.ContainerStatuses?.Any(status => status.RestartCount > 0) == true);
        return rig;
    }

    private static Diagnosis Diagnose(EvidenceBundle bundle) => Diagnostician.Diagnose(bundle, DetectionPolicy.Judge(bundle));

    private static string Text(Diagnosis diagnosis) => System.Text.Json.JsonSerializer.Serialize(diagnosis);
}
