using Heal.Shared.Tests;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>A host that is reached as another machine is, by TLS with certificates and by ssh with keys: what it answers and tells, and
/// what is said when one of the two does not believe the other.</summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(RealGuests))]
public sealed class RemoteTests
{
    [Theory]
    [InlineData("TLS")]
    [InlineData("SSH")]
    public async Task Its_calls_are_answered_and_its_events_are_followed(string way)
    {
        await using var host = Some.Host(LibvirtRig.Remote(way));
        await using var watch = new HostWatch(host);
        await watch.SeesAsync<ConnectedEvent>();
        var (name, uuid) = ($"far-{Guid.NewGuid():n}"[..14], Guid.NewGuid());

        var defined = await host.Domains.DefineAsync(LibvirtRig.Domain(name, uuid));
        var listed = await host.Domains.ListAsync();
        await host.Domains.SetMetadataAsync(uuid, "urn:heal:test", "t", "<mark by='far'/>");
        var mark = await host.Domains.GetMetadataAsync(uuid, "urn:heal:test");
        await host.Domains.UndefineAsync(uuid);

        Assert.Equal((uuid, "heal-host9"), (defined.Uuid, (await host.GetInfoAsync()).Hostname));
        Assert.Contains(listed, domain => domain.Name == name);
        Assert.Contains("far", mark, StringComparison.Ordinal);
        await watch.SeesAsync(uuid, "defined");
        await watch.SeesAsync(uuid, "undefined");
        Assert.Null(await host.Domains.FindAsync(uuid));
    }

    [Theory]
    [InlineData("TLS")]
    [InlineData("SSH")]
    public async Task A_guest_is_started_and_ended_there_and_both_is_told(string way)
    {
        await using var host = Some.Host(LibvirtRig.Remote(way));
        await using var watch = new HostWatch(host);
        await watch.SeesAsync<ConnectedEvent>();
        var (name, uuid) = ($"far-{Guid.NewGuid():n}"[..14], Guid.NewGuid());
        await host.Domains.DefineAsync(LibvirtRig.Domain(name, uuid));
        try
        {
            await host.Domains.StartAsync(uuid);
            await watch.SeesAsync(uuid, "started", "booted");
            await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-USERSPACE");
            await host.Domains.DestroyAsync(uuid);
            await watch.SeesAsync(uuid, "stopped", "destroyed");
        }
        finally
        {
            if (await host.Domains.FindAsync(uuid) is { Id: not null }) await host.Domains.DestroyAsync(uuid);
            await host.Domains.UndefineAsync(uuid);
            File.Delete(LibvirtRig.ConsoleOf(name));
        }
    }

    [Theory]
    [InlineData("TLS_UNTRUSTED", "certificate is of no authority in our cacert.pem")]
    [InlineData("TLS_UNKNOWN", "must know the authority of our clientcert.pem")]
    [InlineData("SSH_UNTRUSTED", "key is not the one in the known_hosts")]
    public async Task One_that_is_not_believed_is_unreachable_in_words_that_say_what_to_look_at(string way, string words)
    {
        await using var host = Some.Host(LibvirtRig.Remote(way));

        var reason = await Assert.ThrowsAsync<LibvirtUnreachableException>(() => host.Domains.ListAsync());

        Assert.Contains(words, reason.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("polkit", reason.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_the_host_does_not_know_is_a_missing_permission()
    {
        // any private key but that of eng/libvirt/remote.sh
        var key = Path.Combine(Directory.CreateTempSubdirectory("heal-key-").FullName, "id");
        await LibvirtRig.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key);
        var uri = LibvirtRig.Remote("SSH");
        var known = uri.Split("keyfile=")[1].Split('&')[0];
        await using var host = Some.Host(uri.Replace($"keyfile={known}", $"keyfile={key}", StringComparison.Ordinal));

        var reason = await Assert.ThrowsAsync<LibvirtNotAdmittedException>(() => host.Domains.ListAsync());
        var again = await Assert.ThrowsAsync<LibvirtNotAdmittedException>(() => host.Domains.ListAsync());

        Assert.Contains("missing permission", reason.Message, StringComparison.Ordinal);
        Assert.Contains("authorized_keys", reason.Message, StringComparison.Ordinal);
        Assert.Contains("next attempt in", again.Message, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(key)!, recursive: true);
    }
}
