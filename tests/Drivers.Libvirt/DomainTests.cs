namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Domains on libvirt's own test driver: its real client library, its real parser, no guests.</summary>
public sealed class DomainTests : IAsyncLifetime
{
    private readonly LibvirtHost _host = Some.Host();

    [Fact]
    public async Task A_host_without_a_call_has_no_connection_and_with_one_it_has()
    {
        Assert.Equal(HostLink.Down, _host.Link);
        await _host.Domains.ListAsync();
        Assert.Equal(HostLink.Up, _host.Link);
    }

    [Fact]
    public async Task A_defined_domain_is_listed_and_found_with_what_was_asked_for()
    {
        var (name, uuid) = (Some.Name(), Guid.NewGuid());
        var defined = await _host.Domains.DefineAsync(Some.Domain(name, uuid));
        Assert.Equal(uuid, defined.Uuid);
        Assert.Equal(name, defined.Name);
        Assert.Null(defined.Id);
        Assert.Equal(DomainState.ShutOff, defined.State);
        Assert.True(defined.Persistent);
        Assert.False(defined.Autostart);
        Assert.False(defined.HasManagedSave);
        Assert.Equal(524288, defined.MaxMemoryKib);
        Assert.Equal(262144, defined.MemoryKib);
        Assert.Equal(1, defined.Vcpus);
        Assert.Equal(defined, await _host.Domains.FindAsync(name));
        Assert.Equal(defined, await _host.Domains.FindAsync(uuid));
        Assert.Contains(defined, await _host.Domains.ListAsync());
    }

    [Fact]
    public async Task What_is_not_there_is_null_when_sought_and_an_error_when_used()
    {
        Assert.Null(await _host.Domains.FindAsync("nobody"));
        Assert.Null(await _host.Domains.FindAsync(Guid.NewGuid()));
        var missing = await Assert.ThrowsAsync<LibvirtNotFoundException>(() => _host.Domains.StartAsync(Guid.NewGuid()));
        Assert.Equal(42, missing.Code);
        Assert.Equal(12, missing.Domain);
        Assert.Contains("Domain not found", missing.Reason, StringComparison.Ordinal);
        Assert.Contains("'here'", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_domain_is_started_paused_resumed_reset_and_shut_down()
    {
        var uuid = await DefineAsync();
        await _host.Domains.StartAsync(uuid);
        var running = await FindAsync(uuid);
        Assert.Equal((DomainState.Running, "booted"), (running.State, running.Reason));
        Assert.NotNull(running.Id);
        await _host.Domains.SuspendAsync(uuid);
        var paused = await FindAsync(uuid);
        Assert.Equal((DomainState.Paused, "user"), (paused.State, paused.Reason));
        await _host.Domains.ResumeAsync(uuid);
        Assert.Equal((DomainState.Running, "unpaused"), StateOf(await FindAsync(uuid)));
        await _host.Domains.RebootAsync(uuid);
        Assert.Equal(DomainState.Running, (await FindAsync(uuid)).State);
        await _host.Domains.ResetAsync(uuid);
        Assert.Equal(DomainState.Running, (await FindAsync(uuid)).State);
        await _host.Domains.ShutdownAsync(uuid);
        Assert.Equal((DomainState.ShutOff, "shutdown"), StateOf(await FindAsync(uuid)));
    }

    [Fact]
    public async Task A_destroyed_domain_says_so_and_keeps_its_definition()
    {
        var uuid = await DefineAsync();
        await _host.Domains.StartAsync(uuid);
        await _host.Domains.DestroyAsync(uuid);
        Assert.Equal((DomainState.ShutOff, "destroyed"), StateOf(await FindAsync(uuid)));
        var refused = await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.DestroyAsync(uuid));
        Assert.Equal(55, refused.Code);
    }

    [Fact]
    public async Task Undefining_removes_a_domain_with_its_snapshots()
    {
        var uuid = await DefineAsync();
        await _host.Domains.CreateSnapshotAsync(uuid, "<domainsnapshot><name>before</name></domainsnapshot>");
        await _host.Domains.UndefineAsync(uuid);
        Assert.Null(await _host.Domains.FindAsync(uuid));
    }

    [Fact]
    public async Task The_document_is_that_of_now_or_that_of_the_next_start()
    {
        var uuid = await DefineAsync();
        await _host.Domains.StartAsync(uuid);
        await _host.Domains.SetMemoryAsync(uuid, 131072, DomainScope.Running);
        Assert.Contains(">131072</currentMemory>", await _host.Domains.GetXmlAsync(uuid, inactive: false), StringComparison.Ordinal);
        Assert.Contains(">262144</currentMemory>", await _host.Domains.GetXmlAsync(uuid, inactive: true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Autostart_is_set_and_taken_back()
    {
        var uuid = await DefineAsync();
        await _host.Domains.SetAutostartAsync(uuid, true);
        Assert.True((await FindAsync(uuid)).Autostart);
        Assert.True((await _host.Domains.ListAsync()).Single(domain => domain.Uuid == uuid).Autostart);
        await _host.Domains.SetAutostartAsync(uuid, false);
        Assert.False((await FindAsync(uuid)).Autostart);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Metadata_of_two_namespaces_do_not_touch_each_other(bool isRunning)
    {
        var uuid = await DefineAsync();
        if (isRunning)
            await _host.Domains.StartAsync(uuid);
        Assert.Null(await _host.Domains.GetMetadataAsync(uuid, "urn:heal:vm:1"));
        await _host.Domains.SetMetadataAsync(uuid, "urn:heal:vm:1", "heal", "<vm desired='running'/>");
        await _host.Domains.SetMetadataAsync(uuid, "urn:heal:operation:1", "healop", "<operation key='a&amp;b'/>");
        await _host.Domains.SetMetadataAsync(uuid, "urn:heal:vm:1", "heal", "<vm desired='stopped'/>");
        Assert.Contains("stopped", await _host.Domains.GetMetadataAsync(uuid, "urn:heal:vm:1"), StringComparison.Ordinal);
        Assert.Contains("a&amp;b", await _host.Domains.GetMetadataAsync(uuid, "urn:heal:operation:1"), StringComparison.Ordinal);
        await _host.Domains.SetMetadataAsync(uuid, "urn:heal:operation:1", "healop", null);
        Assert.Null(await _host.Domains.GetMetadataAsync(uuid, "urn:heal:operation:1"));
        Assert.NotNull(await _host.Domains.GetMetadataAsync(uuid, "urn:heal:vm:1"));
    }

    [Fact]
    public async Task Metadata_survive_the_end_of_a_running_domain()
    {
        var uuid = await DefineAsync();
        await _host.Domains.StartAsync(uuid);
        await _host.Domains.SetMetadataAsync(uuid, "urn:heal:vm:1", "heal", "<vm desired='running'/>");
        await _host.Domains.DestroyAsync(uuid);
        Assert.NotNull(await _host.Domains.GetMetadataAsync(uuid, "urn:heal:vm:1"));
    }

    [Fact]
    public async Task Statistics_are_those_of_running_domains_by_libvirts_names()
    {
        var (running, off) = (await DefineAsync(), await DefineAsync());
        await _host.Domains.StartAsync(running);
        var stats = await _host.Domains.GetStatsAsync();
        var one = Assert.Single(stats, domain => domain.Uuid == running);
        Assert.Equal(1, one.Whole("state.state"));
        Assert.Equal(1, one.Whole("state.reason"));
        Assert.Null(one.Whole("no.such.thing"));
        Assert.Null(one.Text("state.state"));
        Assert.DoesNotContain(stats, domain => domain.Uuid == off);
    }

    [Fact]
    public async Task Memory_and_vcpus_are_changed_now_and_for_the_next_start()
    {
        var uuid = await DefineAsync();
        await _host.Domains.SetMaxMemoryAsync(uuid, 1048576);
        await _host.Domains.SetMemoryAsync(uuid, 786432, DomainScope.Definition);
        await _host.Domains.SetVcpusAsync(uuid, 4, DomainScope.Definition, maximum: true);
        await _host.Domains.SetVcpusAsync(uuid, 3, DomainScope.Definition);
        var off = await FindAsync(uuid);
        Assert.Equal((1048576, 786432, 3), (off.MaxMemoryKib, off.MemoryKib, off.Vcpus));
        await _host.Domains.StartAsync(uuid);
        await _host.Domains.SetVcpusAsync(uuid, 4, DomainScope.Both);
        Assert.Equal(4, (await FindAsync(uuid)).Vcpus);
        await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.SetMemoryAsync(uuid, 0, DomainScope.Running));
        await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.SetVcpusAsync(uuid, -1, DomainScope.Running));
    }

    [Fact]
    public async Task Snapshots_are_made_listed_reverted_to_and_deleted()
    {
        var uuid = await DefineAsync();
        await _host.Domains.StartAsync(uuid);
        var first = await _host.Domains.CreateSnapshotAsync(uuid, "<domainsnapshot><name>first</name></domainsnapshot>");
        Assert.Equal(("first", null, "running", true), (first.Name, first.Parent, first.State, first.IsCurrent));
        Assert.False(first.IsExternal);
        Assert.True(first.CreatedAt > DateTimeOffset.UnixEpoch.AddYears(50));
        await _host.Domains.CreateSnapshotAsync(uuid, "<domainsnapshot><name>second</name></domainsnapshot>");
        await _host.Domains.DestroyAsync(uuid);
        await _host.Domains.RevertToSnapshotAsync(uuid, "first");
        Assert.Equal((DomainState.Running, "from-snapshot"), StateOf(await FindAsync(uuid)));
        var all = await _host.Domains.ListSnapshotsAsync(uuid);
        Assert.Equal("first", all.Single(snapshot => snapshot.Name == "second").Parent);
        await _host.Domains.DeleteSnapshotAsync(uuid, "second");
        Assert.Equal("first", Assert.Single(await _host.Domains.ListSnapshotsAsync(uuid)).Name);
        var missing = await Assert.ThrowsAsync<LibvirtNotFoundException>(() => _host.Domains.DeleteSnapshotAsync(uuid, "second"));
        Assert.Equal(72, missing.Code);
    }

    [Fact]
    public async Task Disk_errors_and_sizes_of_a_healthy_domain_are_none_or_say_what_is_not_there()
    {
        var uuid = await DefineAsync();
        await _host.Domains.StartAsync(uuid);
        foreach (var error in await _host.Domains.GetDiskErrorsAsync(uuid))
            Assert.Contains(error.Error, new[] { "no-space", "unspecified" });
        await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.GetBlockInfoAsync(uuid, "vdz"));
    }

    [Fact]
    public async Task A_device_that_the_driver_cannot_change_is_refused_with_its_words()
    {
        var uuid = await DefineAsync();
        var device = "<disk type='file' device='disk'><source file='/guest/b.img'/><target dev='vdb' bus='virtio'/></disk>";
        var refusals = new[]
        {
            await RefusalAsync(() => _host.Domains.UpdateDeviceAsync(uuid, device)),
            await RefusalAsync(() => _host.Domains.DetachDeviceAsync(uuid, device)),
        };
        Assert.All(refusals, refusal => Assert.NotEqual(0, refusal.Code));
        Assert.All(refusals, refusal => Assert.NotEmpty(refusal.Reason));
    }

    [Fact]
    public async Task A_domain_without_a_job_has_none_and_one_without_an_agent_is_refused()
    {
        var uuid = await DefineAsync();
        var job = await Record.ExceptionAsync(async () => Assert.Null(await _host.Domains.GetJobAsync(uuid)));
        Assert.True(job is null or LibvirtException { Code: 3 }, $"expected no job, or a driver without jobs, got: {job}");
        Assert.NotEqual(0, (await RefusalAsync(() => _host.Domains.AbortJobAsync(uuid))).Code);
        var agent = await RefusalAsync(() => _host.Domains.AskAgentAsync(uuid, "{}", TimeSpan.FromSeconds(1)));
        Assert.NotEqual(0, agent.Code);
    }

    [Fact]
    public async Task A_migration_to_where_it_came_from_is_refused_before_libvirt_is_asked()
    {
        var uuid = await DefineAsync();
        var request = new MigrationRequest(_host, null, Live: true, Unsafe: false, UndefineSource: true, TimeSpan.FromSeconds(5));
        var refused = await RefusalAsync(() => _host.Domains.MigrateAsync(uuid, request));
        Assert.Contains("expected another configured host", refused.Reason, StringComparison.Ordinal);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    private async Task<Guid> DefineAsync() => (await _host.Domains.DefineAsync(Some.Domain(Some.Name()))).Uuid;

    private async Task<DomainRecord> FindAsync(Guid uuid) =>
        await _host.Domains.FindAsync(uuid) ?? throw new InvalidOperationException("the domain is gone");

    private static (DomainState State, string Reason) StateOf(DomainRecord domain) => (domain.State, domain.Reason);

    private static Task<LibvirtException> RefusalAsync(Func<Task> act) => Assert.ThrowsAsync<LibvirtException>(act);
}
