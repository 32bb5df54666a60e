namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Pools, volumes, networks and the host itself, on libvirt's test driver.</summary>
public sealed class StorageAndNetworkTests : IAsyncLifetime
{
    private readonly LibvirtHost _host = Some.Host();

    [Fact]
    public async Task A_pool_is_created_refreshed_stopped_started_and_removed()
    {
        var name = Some.Name("pool");
        var created = await _host.Storage.CreatePoolAsync(Some.Pool(name, "/pool-of-a-test"));
        Assert.Equal((name, true, true, "running", "dir", "/pool-of-a-test"),
            (created.Name, created.IsActive, created.IsPersistent, created.State, created.Type, created.Path));
        Assert.NotEqual(Guid.Empty, created.Uuid);
        Assert.True(created.Capacity > 0 && created.Available > 0);
        await _host.Storage.RefreshPoolAsync(name);
        Assert.Contains(name, await _host.Storage.GetPoolXmlAsync(name), StringComparison.Ordinal);
        Assert.Contains(await _host.Storage.ListPoolsAsync(), pool => pool.Name == name);
        await _host.Storage.StopPoolAsync(name, undefine: false);
        Assert.False((await _host.Storage.FindPoolAsync(name))!.IsActive);
        await _host.Storage.StartPoolAsync(name);
        Assert.True((await _host.Storage.FindPoolAsync(name))!.IsActive);
        await _host.Storage.StopPoolAsync(name, undefine: true);
        Assert.Null(await _host.Storage.FindPoolAsync(name));
    }

    [Fact]
    public async Task A_volume_is_created_found_by_name_and_path_and_deleted()
    {
        var pool = Some.Name("pool");
        await _host.Storage.CreatePoolAsync(Some.Pool(pool, "/volumes"));
        var created = await _host.Storage.CreateVolumeAsync(pool, Some.Volume("disk.qcow2"));
        Assert.Equal((pool, "disk.qcow2", 1 << 20, "/volumes/disk.qcow2"), (created.Pool, created.Name, created.Capacity, created.Path));
        Assert.Equal(created, await _host.Storage.FindVolumeAsync(pool, "disk.qcow2"));
        Assert.Equal(created, await _host.Storage.FindVolumeByPathAsync(created.Path));
        Assert.Equal(created, Assert.Single(await _host.Storage.ListVolumesAsync(pool)));
        Assert.Contains("disk.qcow2", await _host.Storage.GetVolumeXmlAsync(pool, "disk.qcow2"), StringComparison.Ordinal);
        await _host.Storage.DeleteVolumeAsync(pool, "disk.qcow2");
        Assert.Null(await _host.Storage.FindVolumeAsync(pool, "disk.qcow2"));
        Assert.Null(await _host.Storage.FindVolumeByPathAsync(created.Path));
        var missing = await Assert.ThrowsAsync<LibvirtNotFoundException>(() => _host.Storage.DeleteVolumeAsync(pool, "disk.qcow2"));
        Assert.Equal(50, missing.Code);
    }

    [Fact]
    public async Task A_volume_is_copied_and_the_copy_stands_alone()
    {
        // the test driver looks for the source in the pool of the copy, whatever it is told; tests with real guests use two
        var pool = Some.Name("pool");
        await _host.Storage.CreatePoolAsync(Some.Pool(pool, "/copies"));
        var golden = await _host.Storage.CreateVolumeAsync(pool, Some.Volume("golden.qcow2"));
        var copy = await _host.Storage.CopyVolumeAsync(
            pool, Some.Volume("disk.qcow2"), pool, "golden.qcow2", TimeSpan.FromSeconds(30));
        Assert.Equal((pool, "disk.qcow2", golden.Capacity, "/copies/disk.qcow2", null),
            (copy.Pool, copy.Name, copy.Capacity, copy.Path, copy.BackingPath));

        await _host.Storage.DeleteVolumeAsync(pool, "golden.qcow2");
        Assert.Equal(copy, await _host.Storage.FindVolumeAsync(pool, "disk.qcow2"));
        var missing = await Assert.ThrowsAsync<LibvirtNotFoundException>(() => _host.Storage.CopyVolumeAsync(
            pool, Some.Volume("other.qcow2"), pool, "golden.qcow2", TimeSpan.FromSeconds(30)));
        Assert.Equal(50, missing.Code);
        var twice = await Assert.ThrowsAsync<LibvirtException>(() => _host.Storage.CopyVolumeAsync(
            pool, Some.Volume("disk.qcow2"), pool, "disk.qcow2", TimeSpan.FromSeconds(30)));
        Assert.Contains("already exists", twice.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(55, 18, "Requested operation is not valid: volume 'a' is still being allocated.", true)]
    [InlineData(55, 18, "Requested operation is not valid: volume 'a' is still in use.", true)]
    [InlineData(55, 18, "Requested operation is not valid: storage pool 'a' is not active", false)]
    [InlineData(55, 10, "Requested operation is not valid: domain 'still in use' is not running", false)]
    public void A_volume_that_is_being_written_is_told_apart_from_other_refusals(int code, int domain, string message, bool isBusy) =>
        Assert.Equal(isBusy, Connections.Refusals.Of("a", new Native.NativeFault(code, domain, message)) is LibvirtBusyException);

    [Fact]
    public async Task What_the_test_driver_cannot_do_with_a_volume_is_refused_with_a_code()
    {
        var pool = Some.Name("pool");
        await _host.Storage.CreatePoolAsync(Some.Pool(pool, "/refused"));
        await _host.Storage.CreateVolumeAsync(pool, Some.Volume("disk"));
        var upload = await Assert.ThrowsAsync<LibvirtException>(() => _host.Storage.UploadAsync(pool, "disk", new byte[16]));
        Assert.Equal(3, upload.Code);
        var resize = await Assert.ThrowsAsync<LibvirtException>(() => _host.Storage.ResizeVolumeAsync(pool, "disk", 1 << 21));
        Assert.Equal(3, resize.Code);
    }

    [Fact]
    public async Task Sizes_out_of_range_are_refused_before_libvirt_is_asked()
    {
        var big = new byte[Subjects.Storage.MaxUploadBytes + 1];
        var upload = await Assert.ThrowsAsync<LibvirtException>(() => _host.Storage.UploadAsync("any", "any", big));
        Assert.Contains("expected at most", upload.Reason, StringComparison.Ordinal);
        var resize = await Assert.ThrowsAsync<LibvirtException>(() => _host.Storage.ResizeVolumeAsync("any", "any", 0));
        Assert.Contains("expected more than 0", resize.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pool_that_is_not_there_is_named_with_libvirts_code()
    {
        var missing = await Assert.ThrowsAsync<LibvirtNotFoundException>(() => _host.Storage.ListVolumesAsync("nowhere"));
        Assert.Equal(49, missing.Code);
        Assert.Contains("nowhere", missing.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_network_is_created_stopped_started_and_removed()
    {
        var name = Some.Name("net");
        var created = await _host.Networks.CreateAsync(Some.Network(name));
        Assert.Equal((name, true, true, $"br-{name}"), (created.Name, created.IsActive, created.IsPersistent, created.Bridge));
        Assert.Contains(name, await _host.Networks.GetXmlAsync(name), StringComparison.Ordinal);
        await _host.Networks.StopAsync(name, undefine: false);
        Assert.False((await _host.Networks.ListAsync()).Single(network => network.Name == name).IsActive);
        await _host.Networks.StartAsync(name);
        Assert.True((await _host.Networks.ListAsync()).Single(network => network.Name == name).IsActive);
        await _host.Networks.StopAsync(name, undefine: true);
        Assert.DoesNotContain(await _host.Networks.ListAsync(), network => network.Name == name);
        var missing = await Assert.ThrowsAsync<LibvirtNotFoundException>(() => _host.Networks.StartAsync(name));
        Assert.Equal(43, missing.Code);
    }

    [Fact]
    public async Task The_host_says_what_it_is_and_has()
    {
        var info = await _host.GetInfoAsync();
        Assert.Equal("TEST", info.HypervisorType, ignoreCase: true);
        Assert.NotEmpty(info.Hostname);
        Assert.True(info.Cpus > 0 && info.MemoryBytes > 1 << 20);
        Assert.True(info.LibvirtVersion >= new Version(5, 6, 0), $"got {info.LibvirtVersion}");
        Assert.True(info is { NumaNodes: > 0, FreeMemoryByNumaNode: [> 0, ..], Uptime.Ticks: > 0 }, $"got {info}");
        Assert.Contains("<capabilities>", await _host.GetCapabilitiesAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Capabilities_of_an_emulator_are_told_or_refused_by_the_driver()
    {
        var answer = await Record.ExceptionAsync(async () =>
            Assert.Contains("<domainCapabilities", await _host.GetDomainCapabilitiesAsync(null, null, "test"), StringComparison.Ordinal));
        Assert.True(answer is null or LibvirtException { Code: 3 }, $"got {answer}");
    }

    [Fact]
    public async Task Comparing_a_cpu_answers_or_refuses_with_a_code()
    {
        var cpu = "<cpu><arch>i686</arch><model>pentium3</model></cpu>";
        var answer = await Record.ExceptionAsync(async () => Assert.True(Enum.IsDefined(await _host.CompareCpuAsync(cpu))));
        Assert.True(answer is null or LibvirtException { Code: not 0 }, $"got {answer}");
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();
}
