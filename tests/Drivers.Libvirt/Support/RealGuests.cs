using Heal.Shared.Tests;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>The real hosts, one test at a time: a guest needs a processor, and a frozen daemon is everybody's.</summary>
[CollectionDefinition(nameof(RealGuests), DisableParallelization = true)]
public sealed class RealGuests
{
}

/// <summary>One host with guests that go when the test is over.</summary>
internal sealed class RealHost : IAsyncDisposable
{
    private readonly List<(string Name, Guid Uuid)> _guests = [];

    public RealHost(int number = 1, Action<LibvirtHostOptions>? configure = null)
    {
        Number = number;
        Host = Some.Host(number == 1 ? LibvirtRig.Uri : LibvirtRig.Uri2, configure: configure);
    }

    public int Number { get; }

    public LibvirtHost Host { get; }

    public async Task<(string Name, Guid Uuid)> DefineAsync(Guest? guest = null)
    {
        var (name, uuid) = (Some.Name("guest"), Guid.NewGuid());
        await Host.Domains.DefineAsync(LibvirtRig.Domain(name, uuid, guest));
        _guests.Add((name, uuid));
        return (name, uuid);
    }

    /// <summary>A guest whose userspace is up.</summary>
    public async Task<(string Name, Guid Uuid)> BootAsync(Guest? guest = null)
    {
        var (name, uuid) = await DefineAsync(guest);
        await Host.Domains.StartAsync(uuid);
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-USERSPACE");
        return (name, uuid);
    }

    public async Task<DomainRecord> FindAsync(Guid uuid) =>
        await Host.Domains.FindAsync(uuid) ?? throw new InvalidOperationException($"domain {uuid} is gone");

    public async Task BecomesAsync(Guid uuid, DomainState state)
    {
        using var patience = new CancellationTokenSource(Some.Patience);
        while ((await FindAsync(uuid)).State is var now && now != state)
        {
            if (patience.IsCancellationRequested)
                Assert.Fail($"expected {state}, is {now}");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (name, uuid) in _guests)
        {
            if (await Host.Domains.FindAsync(uuid) is { } left)
            {
                if (left.State != DomainState.ShutOff)
                    await Record.ExceptionAsync(() => Host.Domains.DestroyAsync(uuid));
                await Record.ExceptionAsync(() => Host.Domains.UndefineAsync(uuid));
            }

            File.Delete(LibvirtRig.ConsoleOf(name));
        }

        await Host.DisposeAsync();
    }
}
