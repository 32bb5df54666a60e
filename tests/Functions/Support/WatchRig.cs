using System.Threading.Channels;
using Heal.Activities;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Functions.Tests;

/// <summary>A libvirt host in memory whose guests may be acted on, a clock that stands still, and what a watch of it works with.</summary>
internal sealed class WatchRig
{
    /// <summary>How long a test waits for what it expects.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public WatchRig()
    {
        Host = new FakeLibvirtHost("hv1", Time);
        Tools = new MachineTools(new FakeLibvirtHosts(Host), Memory, Settings, Time);
    }

    public ManualTime Time { get; } = new();

    public FakeLibvirtHost Host { get; }

    public RememberedMachines Memory { get; } = new();

    public FixedSettings<MachineOptions> Settings { get; } = new(
        new MachineOptions { Autonomy = Autonomy.Act, InventoryEvery = TimeSpan.FromMinutes(10) });

    public MachineTools Tools { get; }

    public FakeGuest Guest(string name = "web") => Host.Guests.Add(name, vm: "<vm desired='running' autonomy='act'/>");

    /// <summary>The emulator of a guest dies, and nobody is told.</summary>
    public void KillUnheard(string name)
    {
        lock (Host.Gate)
        {
            FakeGuest guest = Host.Guests[name];
            (guest.State, guest.Reason, guest.Id, guest.Live) = (Drivers.Libvirt.DomainState.ShutOff, "crashed", null, null);
        }
    }

    public async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!holds())
        {
            Assert.False(patience.IsCancellationRequested, "It did not come to pass.");
            await Task.Yield();
        }
    }
}

/// <summary>What was seen of machines, in memory. Tells how often a host was looked at as a whole.</summary>
internal sealed class RememberedMachines : IMachineMemory
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, MachineRecord> _machines = new(StringComparer.Ordinal);
    private readonly Channel<DateTimeOffset> _looks = Channel.CreateUnbounded<DateTimeOffset>();
    private DateTimeOffset? _seenAt;

    /// <summary>Returns once everything was looked at so many times more.</summary>
    public async Task LookedAsync(int times)
    {
        for (int i = 0; i < times; i++)
        {
            await _looks.Reader.ReadAsync().AsTask().WaitAsync(WatchRig.Patience);
        }
    }

    public Task<MachineRecord?> FindAsync(string host, string uuid, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_machines.GetValueOrDefault(uuid));
        }
    }

    public Task<IReadOnlyList<MachineRecord>> NamedAsync(string name, CancellationToken cancellationToken) =>
        SelectAsync(record => record.Name == name);

    public Task<IReadOnlyList<MachineRecord>> OfHostAsync(string host, CancellationToken cancellationToken) =>
        SelectAsync(record => record.Host == host);

    public Task KeepAsync(IReadOnlyList<MachineRecord> seen, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (MachineRecord record in seen)
            {
                _machines[record.Uuid] = record;
            }
        }

        return Task.CompletedTask;
    }

    public Task ForgetAsync(string host, IReadOnlyList<string> uuids, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (string uuid in uuids)
            {
                _machines.Remove(uuid);
            }
        }

        return Task.CompletedTask;
    }

    public Task<DateTimeOffset?> HostSeenAsync(string host, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_seenAt);
        }
    }

    public Task KeepHostAsync(string host, DateTimeOffset seenAt, Guid? identity, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _seenAt = seenAt;
        }

        _looks.Writer.TryWrite(seenAt);
        return Task.CompletedTask;
    }

    // Nothing here is restarted elsewhere, and nobody works on a host.
    public Task<Guid?> HostIdentityAsync(string host, CancellationToken cancellationToken) => Task.FromResult<Guid?>(null);

    public Task<IReadOnlyList<MachineDefinition>> DefinitionsOfHostAsync(string host, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<MachineDefinition>>([]);

    public Task<IReadOnlyList<MachineMove>> MovesOfHostAsync(string host, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<MachineMove>>([]);

    public Task<HostMaintenance?> MaintenanceAsync(string host, DateTimeOffset now, CancellationToken cancellationToken) =>
        Task.FromResult<HostMaintenance?>(null);

    public Task ForgetDefinitionAsync(string host, string uuid, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task KeepDefinitionAsync(MachineDefinition definition, CancellationToken cancellationToken) => throw Unexpected();

    public Task KeepMoveAsync(MachineMove move, CancellationToken cancellationToken) => throw Unexpected();

    public Task EndMoveAsync(string host, string uuid, DateTimeOffset now, CancellationToken cancellationToken) => throw Unexpected();

    public Task BeginMaintenanceAsync(HostMaintenance maintenance, CancellationToken cancellationToken) => throw Unexpected();

    public Task EndMaintenanceAsync(string host, string key, CancellationToken cancellationToken) => throw Unexpected();

    private static NotSupportedException Unexpected() => new("no watch does this");

    private Task<IReadOnlyList<MachineRecord>> SelectAsync(Func<MachineRecord, bool> fits)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<MachineRecord>>([.. _machines.Values.Where(fits)]);
        }
    }
}

/// <summary>Settings that do not change.</summary>
internal sealed class FixedSettings<T>(T value) : IOptionsMonitor<T>
{
    public T CurrentValue => value;

    public T Get(string? name) => value;

    public IDisposable? OnChange(Action<T, string?> listener) => null;
}
