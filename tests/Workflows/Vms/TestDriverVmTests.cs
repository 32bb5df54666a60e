using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>The whole way on libvirt's own test driver: real library, real documents, real refusals; no guest.</summary>
public sealed class TestDriverVmTests : IAsyncLifetime
{
    private const string Web = """
        { "vcpus": 2, "memory": "512MiB", "type": "test", "name": "Größe <&'\"> 1", "metadata": { "team": "<&>" }, "autonomy": "approve",
          "disks": [{ "pool": "default-pool", "size": "4GiB" }], "interfaces": [{ "network": "default" }] }
        """;

    private LiveVms _vms = null!;

    public async Task InitializeAsync()
    {
        _vms = await LiveVms.StartAsync("test:///default");

        // the driver's own domain promises more memory than its host has
        foreach (var domain in await _vms.Libvirt.Domains.ListAsync())
        {
            if (domain.Id is not null) await _vms.Libvirt.Domains.DestroyAsync(domain.Uuid);
            await _vms.Libvirt.Domains.UndefineAsync(domain.Uuid);
        }
    }

    public async Task DisposeAsync() => await _vms.DisposeAsync();

    [Fact]
    public async Task A_machine_is_made_found_again_stopped_started_and_taken_away()
    {
        var vm = _vms.Blueprint("web-1", Web);
        var made = await _vms.CreateAsync(vm);
        Assert.True(made.Kind == VmOutcomeKind.Created, $"{made.Kind}: {made.Detail} {string.Join('\n', made.Objections)}");

        var domain = (await _vms.Libvirt.Domains.FindAsync(vm.Uuid))!;
        Assert.Equal((DomainState.Running, "Größe <&'\"> 1", 2, 512L << 10), (domain.State, domain.Name, domain.Vcpus,
            domain.MaxMemoryKib));
        var mark = VmMark.Parse(await _vms.Libvirt.Domains.GetMetadataAsync(vm.Uuid, VmMark.Namespace))!;
        Assert.Equal(("web-1", vm.Digest, VmDesired.Running, Autonomy.Approve, "<&>"),
            (mark.Definition, mark.Digest, mark.Desired, mark.Autonomy, mark.Labels["team"]));
        Assert.Equal(4L << 30, Assert.Single(await _vms.Libvirt.Storage.ListVolumesAsync("default-pool")).Capacity);

        Assert.Equal(VmOutcomeKind.AlreadyThere, (await _vms.CreateAsync(vm)).Kind);
        Assert.Equal(VmOutcomeKind.Stopped, (await _vms.SwitchAsync("web-1", VmDesired.Stopped)).Kind);
        Assert.Equal(VmOutcomeKind.Started, (await _vms.SwitchAsync("web-1", VmDesired.Running)).Kind);
        Assert.Equal(VmOutcomeKind.Deleted, (await _vms.DeleteAsync("web-1")).Kind);
        await _vms.AssertNothingLeftAsync("web-1");
    }

    [Fact]
    public async Task A_refusal_in_the_middle_is_undone_and_told_in_libvirts_words()
    {
        // the test driver takes no uploads
        var outcome = await _vms.CreateAsync(_vms.Blueprint("web-1", Web.Replace("\"vcpus\"",
            "\"cloudInit\": { \"hostname\": \"web\" }, \"vcpus\"")));
        Assert.Equal(VmOutcomeKind.RolledBack, outcome.Kind);
        Assert.Contains("seed: libvirt refused: this function is not supported", outcome.Detail);
        await _vms.AssertNothingLeftAsync("web-1");
    }

    [Fact]
    public async Task All_objections_of_a_real_host_come_together()
    {
        var outcome = await _vms.CreateAsync(_vms.Blueprint("web-1", """
            { "vcpus": 400, "memory": "1TiB", "type": "test", "disks": [{ "pool": "none", "size": "1GiB" },
              { "pool": "default-pool", "size": "1TiB" }],
              "interfaces": [{ "network": "nowhere" }] }
            """));
        Assert.Equal(VmOutcomeKind.Refused, outcome.Kind);
        Assert.Equal(6, outcome.Objections.Count);
    }
}
