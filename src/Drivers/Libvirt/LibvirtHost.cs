using Heal.Drivers.Libvirt.Calls;
using Heal.Drivers.Libvirt.Connections;
using Heal.Drivers.Libvirt.Events;
using Heal.Drivers.Libvirt.Native;
using Heal.Drivers.Libvirt.Subjects;
using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Libvirt;

/// <summary>One host over libvirt.so.0. Nothing is opened before the first call.</summary>
internal sealed partial class LibvirtHost : ILibvirtHost
{
    private readonly LibvirtHostOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Breaker _breaker;
    private readonly ControlConnection _control;
    private readonly EventFeed _events;
    private readonly CallThreads _calls;
    private readonly CallThreads _migrations;
    private readonly CallThreads _copies;
    private int _isDisposed;

    public LibvirtHost(string name, LibvirtHostOptions options, TimeProvider time, ILogger logger)
        : this(name, options, time, logger, open: null)
    {
    }

    /// <param name="open">Opens a connection in place of libvirt: tests let it hang or fail.</param>
    internal LibvirtHost(string name, LibvirtHostOptions options, TimeProvider time, ILogger logger, Func<LibvirtLink>? open)
    {
        Name = name;
        Uri = new Uri(options.Uri);
        _options = options;
        _time = time;
        _logger = logger;
        var uri = ConnectionUri.WithoutPrompts(options.Uri);
        open ??= () => LibvirtLink.Open(uri, options.ReadOnly, options.KeepAliveSeconds, options.KeepAliveCount);
        _breaker = new Breaker(name, options.BreakAfter, options.BreakFor, time, LogBreaker);
        _control = new ControlConnection(
            name, new Opener<LibvirtLink>(name, open, options.ConnectTimeout, time), new ReconnectDelay(options.MaxReconnectDelay),
            _breaker, time, LogAttempt);
        _events = new EventFeed(
            name, new Opener<EventSession>(name, () => EventSession.Register(open(), time), options.ConnectTimeout, time),
            new ReconnectDelay(options.MaxReconnectDelay), options.EventBacklog, time, logger);
        _calls = new CallThreads(name, name, options.MaxThreads, options.MaxWaiting, time);
        _migrations = new CallThreads(name, $"migrations {name}", options.MaxMigrations, options.MaxWaiting, time);
        _copies = new CallThreads(name, $"copies {name}", options.MaxCopies, options.MaxWaiting, time);
        Domains = new Domains(this);
        Storage = new Storage(this);
        Networks = new Networks(this);
    }

    public string Name { get; }

    public Uri Uri { get; }

    public bool IsReadOnly => _options.ReadOnly;

    public HostLink Link => _breaker.IsOpen ? HostLink.Refusing : _control.IsUp ? HostLink.Up : HostLink.Down;

    public IDomains Domains { get; }

    public IStorage Storage { get; }

    public INetworks Networks { get; }

    internal LibvirtHostOptions Options => _options;

    internal TimeProvider Time => _time;

    /// <summary>For tests and measurements: threads, calls that wait, calls that hang past their deadline.</summary>
    internal (int Threads, int Waiting, int Hung) Load => _calls.Load;

    public Task<HostInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        CallAsync("reading the host's data", HostReader.Read, cancellationToken);

    public Task<string> GetCapabilitiesAsync(CancellationToken cancellationToken = default) => CallAsync(
        "virConnectGetCapabilities", static connection => NativeFault.Check(LibvirtApi.virConnectGetCapabilities(connection)),
        cancellationToken);

    public Task<string> GetDomainCapabilitiesAsync(
        string? architecture, string? machine, string? virtType, CancellationToken cancellationToken = default)
    {
        foreach (var (what, value) in new[] { ("architecture", architecture), ("machine", machine), ("virtualisation type", virtType) })
        {
            if (value is not null)
                Arguments.Name(Name, what, value);
        }

        return CallAsync(
            "virConnectGetDomainCapabilities",
            connection => NativeFault.Check(
                LibvirtApi.virConnectGetDomainCapabilities(connection, null, architecture, machine, virtType, 0)),
            cancellationToken);
    }

    public Task<CpuComparison> CompareCpuAsync(string cpuXml, CancellationToken cancellationToken = default)
    {
        Arguments.Document(Name, "CPU document", cpuXml);
        return CallAsync(
            "virConnectCompareCPU",
            connection => (CpuComparison)NativeFault.Check(LibvirtApi.virConnectCompareCPU(connection, cpuXml, 0)),
            cancellationToken);
    }

    public IAsyncEnumerable<HostEvent> WatchAsync(CancellationToken cancellationToken = default) => _events.WatchAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        await _events.DisposeAsync();
        _calls.Dispose();
        _migrations.Dispose();
        _copies.Dispose();
        _control.Dispose();
    }

    /// <summary>One call on one of the host's threads, within the deadline.</summary>
    internal Task<T> CallAsync<T>(
        string call, Func<ConnectHandle, T> body, CancellationToken cancellationToken, TimeSpan? timeout = null) =>
        CallAsync(call, body, _calls, timeout ?? _options.CallTimeout, cancellationToken);

    /// <summary>A migration: on a thread of those, for as long as it may take.</summary>
    internal Task<T> MigrateAsync<T>(Func<ConnectHandle, T> body, TimeSpan timeout) =>
        CallAsync("virDomainMigrate3", body, _migrations, timeout, CancellationToken.None);

    /// <summary>A copy of a volume: on a thread of those, for as long as it may take.</summary>
    internal Task<T> CopyAsync<T>(Func<ConnectHandle, T> body, TimeSpan timeout, CancellationToken cancellationToken) =>
        CallAsync("virStorageVolCreateXMLFrom", body, _copies, timeout, cancellationToken);

    /// <summary>The connection itself, for a migration that needs both ends.</summary>
    internal async Task<ConnectHandle> ConnectAsync(CancellationToken cancellationToken) =>
        (await _control.GetAsync().WaitAsync(cancellationToken)).Handle;

    private async Task<T> CallAsync<T>(
        string call, Func<ConnectHandle, T> body, CallThreads threads, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        cancellationToken.ThrowIfCancellationRequested();
        using var pass = _breaker.Enter();
        var began = _time.GetTimestamp();
        var link = await LinkAsync(call, timeout, cancellationToken);
        var left = timeout - _time.GetElapsedTime(began);
        try
        {
            var result = await threads.RunAsync(
                call, left > TimeSpan.Zero ? left : TimeSpan.Zero, () => Guarded(call, link, body), cancellationToken);
            pass.Answered();
            return result;
        }
        catch (LibvirtTimeoutException reason)
        {
            pass.Failed(reason.Reason);
            throw;
        }
        catch (ConnectionLostException reason)
        {
            pass.Failed(reason.Loss.Reason);
            throw reason.Loss;
        }
        catch (LibvirtException reason) when (reason is not LibvirtUnreachableException)
        {
            pass.Answered();
            throw;
        }
    }

    private async Task<LibvirtLink> LinkAsync(string call, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await _control.GetAsync().WaitAsync(timeout, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new LibvirtUnreachableException(
                Name, $"{call} was not started: no connection within {timeout.TotalSeconds:0.#} s");
        }
    }

    /// <summary>On the thread of the call: libvirt's last error is that thread's.</summary>
    private T Guarded<T>(string call, LibvirtLink link, Func<ConnectHandle, T> body)
    {
        try
        {
            return body(link.Handle);
        }
        catch (NativeFault fault) when (!link.IsAlive)
        {
            _control.Drop(link);
            throw new ConnectionLostException(Refusals.OfLoss(Name, call, fault));
        }
        catch (NativeFault fault)
        {
            throw Refusals.Of(Name, fault);
        }
        catch (ObjectDisposedException) when (link.Handle.IsClosed)
        {
            throw new ConnectionLostException(new LibvirtUnreachableException(Name, $"the connection was closed before {call}"));
        }
        catch (Exception missing) when (missing is EntryPointNotFoundException or DllNotFoundException)
        {
            throw new LibvirtException(Name, 0, 0, $"{call} needs what this libvirt does not have: {missing.Message}", missing);
        }
    }

    /// <summary>Told apart from an unreachable host that the breaker has counted already.</summary>
    private sealed class ConnectionLostException(LibvirtUnreachableException loss) : Exception(loss.Message)
    {
        public LibvirtUnreachableException Loss { get; } = loss;
    }

    private void LogBreaker(bool isOpen, string reason)
    {
        if (isOpen)
            Log.BreakerOpened(_logger, Name, _options.BreakFor.TotalSeconds, reason);
        else
            Log.BreakerClosed(_logger, Name);
    }

    private void LogAttempt(LibvirtException? failure)
    {
        if (failure is null)
            Log.Connected(_logger, Name, Uri.GetLeftPart(UriPartial.Path));
        else
            Log.NotConnected(_logger, Name, failure.Reason);
    }

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Information, "Connected to libvirt host {Host} at {Uri}")]
        public static partial void Connected(ILogger logger, string host, string uri);

        [LoggerMessage(11, LogLevel.Warning, "Could not connect to libvirt host {Host}: {Reason}")]
        public static partial void NotConnected(ILogger logger, string host, string reason);

        [LoggerMessage(12, LogLevel.Warning, "Calls to libvirt host {Host} are refused for {Seconds} s, last failure: {Reason}")]
        public static partial void BreakerOpened(ILogger logger, string host, double seconds, string reason);

        [LoggerMessage(13, LogLevel.Information, "Libvirt host {Host} answers again")]
        public static partial void BreakerClosed(ILogger logger, string host);
    }
}
