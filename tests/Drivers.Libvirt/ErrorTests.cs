namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Refusals carry libvirt's code, domain and words, and are of the type that a caller can handle.</summary>
public sealed class ErrorTests : IAsyncLifetime
{
    private readonly LibvirtHost _host = Some.Host();

    [Fact]
    public async Task A_socket_that_is_not_there_is_code_38_and_says_what_to_look_at()
    {
        await using var host = Some.Host("qemu:///system?socket=/nowhere/libvirt-sock");
        var unreachable = await Assert.ThrowsAsync<LibvirtUnreachableException>(() => host.Domains.ListAsync());
        Assert.Equal(38, unreachable.Code);
        Assert.Equal(7, unreachable.Domain);
        Assert.Contains("/nowhere/libvirt-sock", unreachable.Message, StringComparison.Ordinal);
        Assert.Contains("does libvirtd", unreachable.Message, StringComparison.Ordinal);
        Assert.Equal(HostLink.Down, host.Link);
    }

    [Fact]
    public async Task A_connection_that_was_just_refused_is_not_tried_again_by_every_call()
    {
        await using var host = Some.Host("qemu:///system?socket=/nowhere/libvirt-sock", configure: o => o.BreakAfter = 100);
        await Assert.ThrowsAsync<LibvirtUnreachableException>(() => host.Domains.ListAsync());
        var second = await Assert.ThrowsAsync<LibvirtUnreachableException>(() => host.Domains.ListAsync());
        Assert.Contains("next attempt in", second.Message, StringComparison.Ordinal);
        Assert.Equal(38, second.Code);
    }

    [Fact]
    public async Task A_scheme_that_libvirt_does_not_know_is_refused_with_its_words()
    {
        await using var host = Some.Host("nonsense:///system");
        var unreachable = await Assert.ThrowsAsync<LibvirtUnreachableException>(() => host.GetInfoAsync());
        Assert.NotEqual(0, unreachable.Code);
    }

    [Fact]
    public async Task A_read_only_connection_reads_and_writes_nothing()
    {
        var uuid = (await _host.Domains.DefineAsync(Some.Domain(Some.Name()))).Uuid;
        await using var reader = Some.Host(readOnly: true);
        Assert.True(reader.IsReadOnly);
        Assert.NotNull(await reader.Domains.FindAsync(uuid));
        var writes = new Func<Task>[]
        {
            () => reader.Domains.StartAsync(uuid),
            () => reader.Domains.DefineAsync(Some.Domain(Some.Name())),
            () => reader.Domains.UndefineAsync(uuid),
            () => reader.Domains.SetMetadataAsync(uuid, "urn:heal:vm:1", "heal", "<vm/>"),
            () => reader.Domains.SetAutostartAsync(uuid, true),
            () => reader.Storage.CreatePoolAsync(Some.Pool(Some.Name("pool"), "/read-only")),
            () => reader.Networks.CreateAsync(Some.Network(Some.Name("net"))),
        };
        foreach (var write in writes)
        {
            var forbidden = await Assert.ThrowsAsync<LibvirtForbiddenException>(write);
            Assert.Equal(29, forbidden.Code);
            Assert.Contains("read only", forbidden.Reason, StringComparison.Ordinal);
        }

        var unchanged = await _host.Domains.FindAsync(uuid);
        Assert.Equal((DomainState.ShutOff, false), (unchanged!.State, unchanged.Autostart));
    }

    [Fact]
    public async Task A_document_against_the_schema_is_code_92_and_defines_nothing()
    {
        var name = Some.Name();
        var invalid = await Assert.ThrowsAsync<LibvirtException>(
            () => _host.Domains.DefineAsync(Some.Domain(name, Guid.NewGuid(), "<bogus/>")));
        Assert.Equal(92, invalid.Code);
        Assert.Null(await _host.Domains.FindAsync(name));
    }

    [Fact]
    public async Task A_name_that_is_taken_by_another_uuid_is_refused_and_the_first_stays()
    {
        var (name, first) = (Some.Name(), Guid.NewGuid());
        await _host.Domains.DefineAsync(Some.Domain(name, first));
        var taken = await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.DefineAsync(Some.Domain(name, Guid.NewGuid())));
        Assert.NotEqual(0, taken.Code);
        Assert.Contains("already exists", taken.Reason, StringComparison.Ordinal);
        Assert.Equal(first, (await _host.Domains.FindAsync(name))!.Uuid);
    }

    [Fact]
    public async Task A_uuid_that_is_taken_by_another_name_is_refused_and_the_first_stays()
    {
        var (name, uuid) = (Some.Name(), Guid.NewGuid());
        await _host.Domains.DefineAsync(Some.Domain(name, uuid));
        await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.DefineAsync(Some.Domain(Some.Name(), uuid)));
        Assert.Equal(name, (await _host.Domains.FindAsync(uuid))!.Name);
    }

    [Fact]
    public async Task Defining_the_same_uuid_and_name_again_changes_the_definition()
    {
        var (name, uuid) = (Some.Name(), Guid.NewGuid());
        await _host.Domains.DefineAsync(Some.Domain(name, uuid));
        await _host.Domains.DefineAsync(Some.Domain(name, uuid, "<description>changed</description>"));
        Assert.Contains("changed", await _host.Domains.GetXmlAsync(uuid, inactive: true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_volume_of_a_name_that_is_taken_is_refused_and_the_first_stays()
    {
        var pool = Some.Name("pool");
        await _host.Storage.CreatePoolAsync(Some.Pool(pool, "/duplicates"));
        await _host.Storage.CreateVolumeAsync(pool, Some.Volume("disk", 4096));
        var taken = await Assert.ThrowsAsync<LibvirtException>(() => _host.Storage.CreateVolumeAsync(pool, Some.Volume("disk", 8192)));
        // 90 of a real host; its test driver has another number for it
        Assert.Contains(taken.Code, new[] { 9, 90 });
        Assert.Equal(4096, (await _host.Storage.FindVolumeAsync(pool, "disk"))!.Capacity);
    }

    [Fact]
    public async Task A_volume_that_does_not_fit_into_its_pool_is_refused_and_leaves_nothing()
    {
        var pool = Some.Name("pool");
        await _host.Storage.CreatePoolAsync(Some.Pool(pool, "/full"));
        await Assert.ThrowsAsync<LibvirtException>(() => _host.Storage.CreateVolumeAsync(
            pool, "<volume><name>big</name><capacity unit='PiB'>1</capacity><allocation unit='PiB'>1</allocation></volume>"));
        Assert.Empty(await _host.Storage.ListVolumesAsync(pool));
    }

    [Fact]
    public async Task A_pool_whose_document_libvirt_refuses_is_not_left_defined()
    {
        var name = Some.Name("pool");
        await Assert.ThrowsAsync<LibvirtException>(() => _host.Storage.CreatePoolAsync(
            $"<pool type='nonsense'><name>{name}</name><target><path>/x</path></target></pool>"));
        Assert.Null(await _host.Storage.FindPoolAsync(name));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();
}
