using System.Text;
using Heal.Drivers.Libvirt.Subjects;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Documents and names are data, from people, templates and guests: none does more than it says.</summary>
public sealed class HostileInputTests : IAsyncLifetime
{
    private readonly LibvirtHost _host = Some.Host();

    [Theory]
    [InlineData("<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><domain type='test'><name>&x;</name></domain>")]
    [InlineData("<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/evil.dtd'><domain type='test'/>")]
    [InlineData("<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><domain type='test'><name>&b;</name></domain>")]
    [InlineData("<domain type='test'><name>x</name>")]
    [InlineData("<domain type='test'/><domain/>")]
    [InlineData("not XML at all")]
    [InlineData("")]
    [InlineData("<domain type='test'><name>nul\0</name></domain>")]
    public async Task A_document_that_is_not_plain_xml_never_reaches_libvirt(string xml)
    {
        var tries = new Func<Task>[]
        {
            () => _host.Domains.DefineAsync(xml),
            () => _host.Domains.AttachDeviceAsync(Guid.NewGuid(), xml),
            () => _host.Domains.CreateSnapshotAsync(Guid.NewGuid(), xml),
            () => _host.Domains.SetMetadataAsync(Guid.NewGuid(), "urn:x", "x", xml),
            () => _host.Storage.CreatePoolAsync(xml),
            () => _host.Storage.CreateVolumeAsync("any", xml),
            () => _host.Networks.CreateAsync(xml),
            () => _host.CompareCpuAsync(xml),
        };
        foreach (var attempt in tries)
        {
            var refused = await Assert.ThrowsAsync<LibvirtException>(attempt);
            Assert.Equal(0, refused.Code);
            Assert.Contains("no acceptable XML", refused.Reason, StringComparison.Ordinal);
        }

        Assert.Equal(HostLink.Down, _host.Link);
    }

    [Fact]
    public async Task A_document_of_ten_megabytes_never_reaches_libvirt_and_the_limit_is_told()
    {
        var xml = Some.Domain("big", Guid.NewGuid(), $"<description>{new string('x', 10 * 1024 * 1024)}</description>");
        var refused = await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.DefineAsync(xml));
        Assert.Contains($"longer than {Arguments.MaxDocumentBytes} bytes", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(HostLink.Down, _host.Link);
        Assert.True(refused.Message.Length < 500, "the document must not be in the message");
    }

    [Fact]
    public async Task A_document_nested_without_end_never_reaches_libvirt()
    {
        var xml = string.Concat(Enumerable.Repeat("<a>", 10_000)) + string.Concat(Enumerable.Repeat("</a>", 10_000));
        var refused = await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.DefineAsync(xml));
        Assert.Contains("nested deeper", refused.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("名前-ψ-🦀")]
    [InlineData("'; virsh destroy all; '")]
    [InlineData("$(reboot) `reboot` ${HOME} %s %n")]
    [InlineData("a\"b&c<d>")]
    [InlineData("-rf")]
    public async Task A_strange_name_is_only_a_name(string name)
    {
        var uuid = Guid.NewGuid();
        var defined = await _host.Domains.DefineAsync(Some.Domain(name, uuid));
        Assert.Equal(name, defined.Name);
        Assert.Equal(uuid, (await _host.Domains.FindAsync(name))!.Uuid);
        Assert.Equal(name, (await _host.Domains.ListAsync()).Single(domain => domain.Uuid == uuid).Name);
        await _host.Domains.UndefineAsync(uuid);
        Assert.Null(await _host.Domains.FindAsync(name));
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("../../etc/passwd")]
    public async Task A_name_with_a_path_in_it_is_refused_by_libvirt(string name)
    {
        var refused = await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.DefineAsync(Some.Domain(name, Guid.NewGuid())));
        Assert.NotEqual(0, refused.Code);
        Assert.Null(await _host.Domains.FindAsync(name));
    }

    [Fact]
    public async Task A_name_is_not_cut_at_a_nul_character()
    {
        var name = Some.Name();
        await _host.Domains.DefineAsync(Some.Domain(name));
        foreach (var attempt in new Func<Task>[]
        {
            () => _host.Domains.FindAsync(name + "\0-other"),
            () => _host.Storage.FindPoolAsync("default\0"),
            () => _host.Storage.FindVolumeByPathAsync("/a\0b"),
            () => _host.Networks.StartAsync("default\0"),
            () => _host.Domains.GetMetadataAsync(Guid.NewGuid(), "urn:\0"),
            () => _host.Domains.AskAgentAsync(Guid.NewGuid(), "{\0}", TimeSpan.FromSeconds(1)),
        })
        {
            var refused = await Assert.ThrowsAsync<LibvirtException>(attempt);
            Assert.Contains("NUL", refused.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_empty_name_and_one_without_end_are_refused()
    {
        var empty = await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.FindAsync(""));
        Assert.Contains("empty", empty.Reason, StringComparison.Ordinal);
        var endless = await Assert.ThrowsAsync<LibvirtException>(() => _host.Domains.FindAsync(new string('ä', 5000)));
        Assert.Contains("longer than", endless.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metadata_keep_markup_as_text()
    {
        var uuid = (await _host.Domains.DefineAsync(Some.Domain(Some.Name()))).Uuid;
        await _host.Domains.SetMetadataAsync(uuid, "urn:heal:vm:1", "heal", "<vm note='&lt;/metadata&gt;&lt;devices/&gt;'/>");
        var kept = Arguments.Parse((await _host.Domains.GetMetadataAsync(uuid, "urn:heal:vm:1"))!);
        Assert.Equal("</metadata><devices/>", (string?)kept.Attribute("note"));
    }

    [Fact]
    public async Task Invalid_utf8_of_a_caller_does_not_harm()
    {
        // a lone surrogate cannot be written in UTF-8: it is replaced, and nobody has that name
        Assert.Null(await _host.Domains.FindAsync("a\uD800b"));
        Assert.Equal("a\uFFFDb", Encoding.UTF8.GetString(Encoding.UTF8.GetBytes("a\uD800b")));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();
}
