using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>From the labels of an alert to the domain on its host.</summary>
public sealed class ResolveMachineTests(MachineStore store) : IClassFixture<MachineStore>
{
    [Fact]
    public async Task A_domain_that_one_host_has_is_found_without_a_hint()
    {
        var rig = new MachineRig(store, new FakeLibvirtHost("other"));
        rig.Guest();

        Assert.Equal(rig.Target(), (await ResolveAsync(rig, "web")).Target);
    }

    [Fact]
    public async Task A_domain_that_no_host_has_is_rejected_with_the_hosts_that_were_asked()
    {
        var rig = new MachineRig(store, new FakeLibvirtHost("other"));

        var found = await ResolveAsync(rig, "web");

        Assert.Equal(TargetVerdict.Rejected, found.Verdict);
        Assert.Contains($"{rig.Host.Name}, other", found.Reason);
    }

    [Fact]
    public async Task A_name_that_two_hosts_have_is_rejected_with_the_list_unless_the_alert_says_which()
    {
        var other = new FakeLibvirtHost("other") { Info = new FakeLibvirtHost().Info with { Hostname = "node7.example.test" } };
        var rig = new MachineRig(store, other);
        rig.Guest();
        other.Guests.Add("web", xml: Some.Domain("web", "/x.qcow2"));

        var ambiguous = await ResolveAsync(rig, "web");
        var byName = await ResolveAsync(rig, "web", "other");
        var byInstance = await ResolveAsync(rig, "web", "node7:9177");

        Assert.Equal(TargetVerdict.Rejected, ambiguous.Verdict);
        Assert.Contains(rig.Host.Name, ambiguous.Reason);
        Assert.Contains("other", ambiguous.Reason);
        Assert.Equal(("other", "other"), (byName.Target!.Cluster, byInstance.Target!.Cluster));
    }

    [Fact]
    public async Task Of_a_migrated_domain_the_host_where_it_runs_is_meant()
    {
        var other = new FakeLibvirtHost("other");
        var rig = new MachineRig(store, other);
        var guest = rig.Guest(running: false);
        other.Guests.Add("web", xml: $"<domain><name>web</name><uuid>{guest.Uuid}</uuid></domain>");

        Assert.Equal("other", (await ResolveAsync(rig, "web")).Target!.Cluster);
    }

    [Fact]
    public async Task A_domain_of_a_host_that_does_not_answer_is_found_by_memory_and_one_never_seen_waits()
    {
        var rig = new MachineRig(store);
        rig.Guest(name: $"only-{rig.Host.Name}");
        await rig.LookAsync();
        rig.Host.StopDaemon();

        var known = await ResolveAsync(rig, $"only-{rig.Host.Name}");

        Assert.Equal(rig.Host.Name, known.Target!.Cluster);
        await Assert.ThrowsAsync<Heal.Drivers.Libvirt.LibvirtUnreachableException>(() => ResolveAsync(rig, "never-seen"));
    }

    [Fact]
    public async Task Nothing_of_the_cluster_is_asked_for_a_machine_and_nothing_of_libvirt_for_the_cluster()
    {
        var rig = new MachineRig(store);
        rig.Guest();
        var options = new FixedHeal();
        var realms = new TargetRealms(
            [new ClusterRealm(new AbsentCluster(), null!, options), new MachineRealm(rig.Tools, new MachineCollector(rig.Tools))], options);
        var targets = realms.NewResolver();

        var machine = await targets.ResolveAsync(Named(TargetKinds.VirtualMachine, "web"), CancellationToken.None);
        var before = rig.Host.AllCalls();
        var pod = await targets.ResolveAsync(Named(TargetKinds.Deployment, "web"), CancellationToken.None);

        Assert.Equal(rig.Target(), machine.Target);
        Assert.Equal(TargetVerdict.Rejected, pod.Verdict);
        Assert.Contains("has none", pod.Reason);
        Assert.Equal(before, rig.Host.AllCalls());
    }

    [Fact]
    public async Task A_note_leads_to_no_incident_and_libvirt_is_not_asked_for_it()
    {
        var rig = new MachineRig(store);
        var guest = rig.Guest();
        await rig.LookAsync();
        var note = Assert.Single(await rig.HearAsync(() =>
            rig.Host.Raise(new Heal.Drivers.Libvirt.RebootEvent(rig.Time.GetUtcNow(), guest.Uuid, guest.Name))));
        var realms = new TargetRealms([new MachineRealm(rig.Tools, new MachineCollector(rig.Tools))], new FixedHeal());
        var before = rig.Host.AllCalls();

        var routed = await realms.NewResolver().ResolveAsync(note, CancellationToken.None);

        Assert.Equal((TargetVerdict.Ignored, null), (routed.Verdict, routed.Target));
        Assert.Contains("a note", routed.Reason);
        Assert.Equal(before, rig.Host.AllCalls());
    }

    private static TargetIdentification Named(string kind, string name) =>
        new(TargetVerdict.Found, new TargetCandidate(kind, kind == TargetKinds.Deployment ? "shop" : "", name), "test");

    private static Task<TargetResolution> ResolveAsync(MachineRig rig, string name, string? host = null) =>
        new MachineResolver(rig.Tools).ResolveAsync(
            new TargetCandidate(TargetKinds.VirtualMachine, "", name) { Host = host }, CancellationToken.None);

    private sealed class FixedHeal : Microsoft.Extensions.Options.IOptionsMonitor<HealOptions>
    {
        public HealOptions CurrentValue { get; } = new();

        public HealOptions Get(string? name) => CurrentValue;

        public IDisposable? OnChange(Action<HealOptions, string?> listener) => null;
    }
}
