using System.Xml.Linq;
using Heal.Drivers.Libvirt;

namespace Heal.Shared.Tests;

/// <summary>What happens to guests by themselves, by their own doing, or by people outside of the healer.</summary>
internal sealed partial class FakeDomains
{
    private readonly HashSet<string> _brokenImages = new(StringComparer.Ordinal);

    /// <summary>The emulator dies, as by kill -9.</summary>
    public void Kill(string name) => Happen(name, guest => Stop(guest, "crashed", "failed"));

    /// <summary>The kernel in the guest panics; what comes of it says <c>on_crash</c> of its definition.</summary>
    public void Panic(string name) => Happen(name, guest =>
    {
        switch ((string?)(guest.Live ?? guest.Definition).Element("on_crash") ?? "destroy")
        {
            case "restart":
                Lifecycle(guest, "crashed", "panicked");
                Reset(guest);
                guest.Reason = "crashed";
                break;
            case "preserve":
                (guest.State, guest.Reason) = (DomainState.Crashed, "panicked");
                Lifecycle(guest, "crashed", "panicked");
                break;
            default:
                Lifecycle(guest, "suspended", "paused");
                Lifecycle(guest, "crashed", "panicked");
                Stop(guest, "crashed", "crashed");
                break;
        }
    });

    /// <summary>Somebody in the guest powers it off.</summary>
    public void PowerOff(string name) => Happen(name, PowerOff);

    /// <summary>Somebody with virsh ends it.</summary>
    public void DestroyByOperator(string name) => Happen(name, guest => Stop(guest, "destroyed", "destroyed"));

    /// <summary>Somebody with virsh starts it.</summary>
    public void StartByOperator(string name) => Happen(name, guest => Boot(guest, "booted"));

    /// <summary>The guest's watchdog fires.</summary>
    public void Watchdog(string name, string action) => Happen(name, guest =>
    {
        host.Raise(new WatchdogEvent(host.Now, guest.Uuid, guest.Name, action));
        if (action == "reset") Reset(guest);
        if (action == "poweroff") Stop(guest, "destroyed", "destroyed");
        if (action != "pause") return;
        (guest.State, guest.Reason) = (DomainState.Paused, "watchdog");
        Lifecycle(guest, "suspended", "watchdog");
    });

    /// <summary>A write fails for want of space in the pool of the guest's first disk.</summary>
    public void RunOutOfSpace(string name) => Happen(name, guest =>
    {
        host.Pools.Fill(guest.Disks().First().Path);
        PauseOnIoError(guest);
    });

    /// <summary>The image of the guest's first disk is broken until <see cref="Mend"/>.</summary>
    public void BreakImage(string name) => Happen(name, guest =>
    {
        _brokenImages.Add(guest.Disks().First().Path);
        PauseOnIoError(guest);
    });

    public void Mend(string name) => Happen(name, guest => _brokenImages.ExceptWith(guest.Disks().Select(disk => disk.Path)));

    internal bool IsBroken(string path) => _brokenImages.Contains(path) || host.Pools.IsFull(path);

    private void Happen(string name, Action<FakeGuest> what)
    {
        lock (host.Gate) what(_guests.Values.First(guest => guest.Name == name));
    }

    private void PauseOnIoError(FakeGuest guest)
    {
        var (disk, path) = guest.Disks().First(item => IsBroken(item.Path));
        var full = host.Pools.IsFull(path);
        guest.DiskErrors.Clear();
        guest.DiskErrors.Add(new DiskError(disk, full ? "no-space" : "unspecified"));
        host.Raise(new IoErrorEvent(host.Now, guest.Uuid, guest.Name, path, disk, "pause", full ? "enospc" : ""));
        (guest.State, guest.Reason) = (DomainState.Paused, "io-error");
        Lifecycle(guest, "suspended", "io-error");
    }

    private void Boot(FakeGuest guest, string how)
    {
        (guest.Id, guest.Live, guest.BootsWhenResumed) = (++_lastId, new XElement(guest.Definition), false);
        (guest.State, guest.Reason) = (DomainState.Running, how);
        guest.Boot++;
        guest.Hangs = false;
        guest.DiskErrors.Clear();
        guest.Counters.Clear();
        Lifecycle(guest, "started", how);
        AgentComes(guest);
    }

    private void Reset(FakeGuest guest)
    {
        host.Raise(new RebootEvent(host.Now, guest.Uuid, guest.Name));
        // A paused guest stays paused over a reset, and boots once it is let go.
        if (guest.State == DomainState.Paused) guest.BootsWhenResumed = true;
        else BootAgain(guest);
    }

    private void BootAgain(FakeGuest guest)
    {
        guest.BootsWhenResumed = false;
        guest.Boot++;
        guest.Hangs = false;
        if (guest.State == DomainState.Crashed) (guest.State, guest.Reason) = (DomainState.Running, "crashed");
        AgentComes(guest);
    }

    private void AgentComes(FakeGuest guest)
    {
        if (guest is { HasAgent: true, IsUp: true })
        {
            host.Raise(new AgentEvent(host.Now, guest.Uuid, guest.Name, true, "channel"));
        }
    }

    // Whether the guest was asked or did it by itself looks the same from outside: it is the guest that powers off.
    private void PowerOff(FakeGuest guest)
    {
        Lifecycle(guest, "shutdown", "guest");
        Stop(guest, "shutdown", "shutdown");
    }

    private void Stop(FakeGuest guest, string reason, string detail)
    {
        (guest.State, guest.Reason, guest.Id, guest.Live, guest.Job) = (DomainState.ShutOff, reason, null, null, null);
        guest.DiskErrors.Clear();
        Lifecycle(guest, "stopped", detail);
        if (!guest.Persistent) _guests.Remove(guest.Uuid);
    }
}
