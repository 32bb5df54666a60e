using Heal.Drivers.Libvirt.Connections;
using Heal.Drivers.Libvirt.Native;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Configuration, registration, and a machine without libvirt.</summary>
public sealed class SetUpTests
{
    [Fact]
    public void Without_the_library_the_debian_package_is_named()
    {
        var loader = new LibraryLoader(name => name == "LIBVIRT_SO" ? "/nowhere/libvirt.so.0" : null);
        var words = loader.TryLoad(LibraryLoader.Libvirt, out _);
        Assert.NotNull(words);
        Assert.Contains("libvirt0", words, StringComparison.Ordinal);
        Assert.Contains("/nowhere/libvirt.so.0", words, StringComparison.Ordinal);
        Assert.Contains("LIBVIRT_SO", words, StringComparison.Ordinal);
    }

    [Fact]
    public void The_library_beside_the_overridden_one_is_the_agents()
    {
        var loader = new LibraryLoader(_ => "/opt/libvirt/libvirt.so.0");
        Assert.Equal("/opt/libvirt/libvirt-qemu.so.0", loader.FileOf(LibraryLoader.LibvirtQemu));
        Assert.Equal("libvirt-qemu.so.0", new LibraryLoader(_ => null).FileOf(LibraryLoader.LibvirtQemu));
    }

    [Fact]
    public void Without_configured_hosts_the_list_is_empty()
    {
        using var provider = Services([]);
        Assert.Empty(provider.GetRequiredService<ILibvirtHosts>().All);
        Assert.Null(provider.GetRequiredService<ILibvirtHosts>().Find("any"));
    }

    [Fact]
    public async Task Configured_hosts_are_there_by_name_in_order_and_one_that_is_down_harms_no_other()
    {
        await using var provider = Services(new()
        {
            ["Hosts:b:Uri"] = "test:///default",
            ["Hosts:b:ReadOnly"] = "true",
            ["Hosts:b:CallTimeout"] = "00:00:12",
            ["Hosts:a:Uri"] = "qemu:///system?socket=/nowhere",
        });
        var hosts = provider.GetRequiredService<ILibvirtHosts>();
        Assert.Equal(["a", "b"], hosts.All.Select(host => host.Name));
        Assert.True(hosts.Find("b")!.IsReadOnly);
        Assert.Equal(TimeSpan.FromSeconds(12), ((LibvirtHost)hosts.Find("b")!).Options.CallTimeout);
        await Assert.ThrowsAsync<LibvirtUnreachableException>(() => hosts.Find("a")!.Domains.ListAsync());
        Assert.NotNull(await hosts.Find("b")!.Domains.ListAsync());
    }

    [Fact]
    public void All_faults_of_the_options_are_told_together()
    {
        using var provider = Services(new()
        {
            ["Hosts:a:Uri"] = "not a uri",
            ["Hosts:a:MaxThreads"] = "0",
            ["Hosts:a:MigrationUri"] = "10.9.0.2",
            ["Hosts:b b:Uri"] = "test:///default",
            ["Hosts:b b:CallTimeout"] = "00:00:00",
        });
        var faults = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<ILibvirtHosts>()).Failures.ToList();
        Assert.Equal(5, faults.Count);
        Assert.Contains(faults, fault => fault.Contains("Hosts:a:MigrationUri is '10.9.0.2'", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("Heal:Libvirt:Hosts:a:Uri is 'not a uri'", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("Hosts:a:MaxThreads is 0, expected 1 to 64", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("the name is 'b b'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("qemu+ssh://host/system", "qemu+ssh://host/system?no_tty=1")]
    [InlineData("qemu+ssh://host/system?keyfile=/k", "qemu+ssh://host/system?keyfile=/k&no_tty=1")]
    [InlineData("qemu+ssh://host/system?no_tty=0", "qemu+ssh://host/system?no_tty=0")]
    [InlineData("qemu:///system", "qemu:///system")]
    public void Ssh_is_told_never_to_ask(string configured, string opened) =>
        Assert.Equal(opened, ConnectionUri.WithoutPrompts(configured));

    [Fact]
    public void Whole_numbers_of_statistics_stay_in_range()
    {
        var stats = new DomainStats(Guid.Empty, "x", new Dictionary<string, object>
        {
            ["unlimited"] = ulong.MaxValue, ["long"] = 5L, ["double"] = 1e300, ["text"] = "7", ["flag"] = true,
        });
        Assert.Equal(long.MaxValue, stats.Whole("unlimited"));
        Assert.Equal(5, stats.Whole("long"));
        Assert.Equal(long.MaxValue, stats.Whole("double"));
        Assert.Null(stats.Whole("text"));
        Assert.Null(stats.Whole("flag"));
        Assert.Equal("7", stats.Text("text"));
    }

    private static ServiceProvider Services(Dictionary<string, string?> settings) => new ServiceCollection()
        .AddLibvirtHosts(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())
        .BuildServiceProvider();
}
