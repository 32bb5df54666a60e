using System.Runtime.CompilerServices;
using System.Threading.Channels;
using System.Xml.Linq;
using Heal.Drivers.Libvirt;

namespace Heal.Shared.Tests;

/// <summary>
/// A libvirt host in memory that behaves as the real one was seen to: states with reasons, events in order, documents and metadata kept,
/// definitions apart from what runs. Tests make its guests fail, make calls fail before or after their effect, hold a call open, stop the
/// daemon while guests live or die, and count calls. Call names are those of the interfaces' methods without Async.
/// </summary>
internal sealed class FakeLibvirtHost : ILibvirtHost
{
    private readonly TimeProvider _time;
    private readonly List<Channel<HostEvent>> _watchers = [];
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Queue<Failure>> _failures = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HeldCall> _held = new(StringComparer.Ordinal);
    private bool _missed;

    public FakeLibvirtHost(string name = "hv1", TimeProvider? time = null)
    {
        Name = name;
        _time = time ?? TimeProvider.System;
        Guests = new FakeDomains(this);
        Pools = new FakeStorage(this);
        Nets = new FakeNetworks(this);
    }

    public string Name { get; }

    public Uri Uri => new($"fake:///{Name}");

    public bool IsReadOnly { get; init; }

    public HostLink Link { get; private set; } = HostLink.Up;

    public FakeDomains Guests { get; }

    public FakeStorage Pools { get; }

    public FakeNetworks Nets { get; }

    IDomains ILibvirtHost.Domains => Guests;

    IStorage ILibvirtHost.Storage => Pools;

    INetworks ILibvirtHost.Networks => Nets;

    /// <summary>What <see cref="GetInfoAsync"/> answers.</summary>
    public HostInfo Info { get; set; } = new(
        "fake", new Guid("00000000-0000-0000-0000-0000000000aa"), "x86_64", 8, 2400, 1, 1, 8, 1, 16L << 30, 8L << 30, 16L << 30,
        new Version(9, 0, 0), new Version(7, 2, 0), "QEMU");

    public CpuComparison Cpu { get; set; } = CpuComparison.Identical;

    public string Capabilities { get; set; } = "<capabilities><host><cpu><arch>x86_64</arch></cpu></host></capabilities>";

    public string DomainCapabilities { get; set; } = "<domainCapabilities><arch>x86_64</arch></domainCapabilities>";

    internal Lock Gate { get; } = new();

    /// <summary>How many watch now.</summary>
    public int Watchers
    {
        get
        {
            lock (Gate) return _watchers.Count;
        }
    }

    internal DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>How often a method was called, for example <c>Start</c>.</summary>
    public int Calls(string method)
    {
        lock (Gate) return _calls.GetValueOrDefault(method);
    }

    /// <summary>All calls together.</summary>
    public int AllCalls()
    {
        lock (Gate) return _calls.Values.Sum();
    }

    /// <summary>Makes the next calls of a method fail.</summary>
    /// <param name="afterEffect">What was asked for happens all the same, and nobody hears of it.</param>
    public void Fail(string method, Exception error, int times = 1, bool afterEffect = false)
    {
        lock (Gate)
        {
            if (!_failures.TryGetValue(method, out var queue)) _failures[method] = queue = new Queue<Failure>();
            for (var i = 0; i < times; i++) queue.Enqueue(new Failure(error, afterEffect));
        }
    }

    /// <summary>As a call that libvirt never answers: the driver's deadline is all that the caller sees.</summary>
    public void TimeOut(string method, int times = 1, bool afterEffect = false) =>
        Fail(method, new LibvirtTimeoutException(Name, method, TimeSpan.FromSeconds(30)), times, afterEffect);

    /// <summary>Keeps the next call of a method open until it is released.</summary>
    public HeldCall Hold(string method)
    {
        var held = new HeldCall();
        lock (Gate) _held[method] = held;
        return held;
    }

    /// <summary>libvirtd is gone: calls fail, events are lost. Guests live on and may die.</summary>
    public void StopDaemon(string reason = "eof")
    {
        lock (Gate)
        {
            if (Link == HostLink.Down) return;
            Tell(new DisconnectedEvent(Now, reason));
            (Link, _missed) = (HostLink.Down, true);
        }
    }

    /// <summary>libvirtd is back. It finds out by itself which guests died meanwhile.</summary>
    public void StartDaemon()
    {
        lock (Gate)
        {
            if (Link == HostLink.Up) return;
            Link = HostLink.Up;
            Tell(new ConnectedEvent(Now, Missed: _missed));
            _missed = false;
        }
    }

    /// <summary>The consumers fell behind: they are told to look again.</summary>
    public void LoseEvents() => Raise(new ConnectedEvent(Now, Missed: true));

    /// <summary>The stream of events ends by a fault of the driver's for whoever watches.</summary>
    public void BreakEvents(Exception fault)
    {
        lock (Gate) _watchers.ForEach(watcher => watcher.Writer.TryComplete(fault));
    }

    /// <summary>Tells an event to whoever watches; while the daemon is down it is lost.</summary>
    public void Raise(HostEvent happened)
    {
        lock (Gate)
        {
            if (Link == HostLink.Up) Tell(happened);
        }
    }

    public Task<HostInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        CallAsync("GetInfo", writes: false, () => Info, cancellationToken);

    public Task<string> GetCapabilitiesAsync(CancellationToken cancellationToken = default) =>
        CallAsync("GetCapabilities", writes: false, () => Capabilities, cancellationToken);

    public Task<string> GetDomainCapabilitiesAsync(
        string? architecture, string? machine, string? virtType, CancellationToken cancellationToken = default) =>
        CallAsync("GetDomainCapabilities", writes: false, () => DomainCapabilities, cancellationToken);

    public Task<CpuComparison> CompareCpuAsync(string cpuXml, CancellationToken cancellationToken = default) =>
        CallAsync("CompareCpu", writes: false, () => { _ = Parse(cpuXml); return Cpu; }, cancellationToken);

    public async IAsyncEnumerable<HostEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<HostEvent>();
        lock (Gate)
        {
            _watchers.Add(channel);
            if (Link == HostLink.Up) channel.Writer.TryWrite(new ConnectedEvent(Now, Missed: false));
        }

        try
        {
            await foreach (var happened in channel.Reader.ReadAllAsync(cancellationToken)) yield return happened;
        }
        finally
        {
            lock (Gate) _watchers.Remove(channel);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal LibvirtException Refusal(int code, string message) => new(Name, code, 10, message);

    internal XElement Parse(string xml)
    {
        try
        {
            return XElement.Parse(xml);
        }
        catch (System.Xml.XmlException e)
        {
            throw Refusal(27, $"XML error: {e.Message}");
        }
    }

    internal Task CallAsync(string method, bool writes, Action act, CancellationToken cancellationToken) =>
        CallAsync<object?>(method, writes, () => { act(); return null; }, cancellationToken);

    /// <summary>Every call goes through here: counted, held, failed as the test wants, then done under the one lock.</summary>
    internal async Task<T> CallAsync<T>(string method, bool writes, Func<T> act, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        HeldCall? held;
        lock (Gate)
        {
            _calls[method] = _calls.GetValueOrDefault(method) + 1;
            _held.Remove(method, out held);
        }

        if (held is not null) await held.WaitAsync(cancellationToken);
        lock (Gate)
        {
            Failure? failure = _failures.TryGetValue(method, out var queue) && queue.TryDequeue(out var next) ? next : null;
            if (failure is { AfterEffect: false }) throw failure.Error;
            if (Link == HostLink.Down && !FakeSecondWay.IsTaken)
            {
                throw new LibvirtUnreachableException(Name, "Failed to connect socket: No such file or directory");
            }

            if (writes && IsReadOnly)
            {
                throw new LibvirtForbiddenException(Name, 29, 0, "operation forbidden: read only access prevents this call");
            }

            var answer = act();
            return failure is null ? answer : throw failure.Error;
        }
    }

    private void Tell(HostEvent happened)
    {
        foreach (var watcher in _watchers) watcher.Writer.TryWrite(happened);
    }

    private sealed record Failure(Exception Error, bool AfterEffect);
}

/// <summary>A call that waits for the test.</summary>
internal sealed class HeldCall
{
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends once somebody is in the call.</summary>
    public Task Entered => _entered.Task;

    public void Release() => _released.TrySetResult();

    internal Task WaitAsync(CancellationToken cancellationToken)
    {
        _entered.TrySetResult();
        return _released.Task.WaitAsync(cancellationToken);
    }
}

/// <summary>The hosts that a test has.</summary>
internal sealed class FakeLibvirtHosts(params ILibvirtHost[] hosts) : ILibvirtHosts
{
    public IReadOnlyList<ILibvirtHost> All { get; } = [.. hosts.OrderBy(host => host.Name, StringComparer.Ordinal)];

    public ILibvirtHost? Find(string name) => All.FirstOrDefault(host => host.Name == name);
}
