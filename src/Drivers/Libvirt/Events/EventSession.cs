using Heal.Drivers.Libvirt.Connections;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Events;

/// <summary>One open connection with its events registered. What comes before somebody listens is kept: an inventory taken at the start
/// has no gap to the first event.</summary>
internal sealed class EventSession : IDisposable
{
    private readonly Lock _gate = new();
    private readonly LibvirtLink _link;
    private readonly TimeProvider _time;
    private readonly List<int> _registered = [];
    private readonly nint _id;
    private List<HostEvent>? _early = [];
    private Action<HostEvent>? _sink;
    private Action<Exception>? _onFault;

    private EventSession(LibvirtLink link, TimeProvider time)
    {
        _link = link;
        _time = time;
        _id = EventCallbacks.Add(this);
    }

    public Task<string> Closed => _link.Closed;

    public DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Registers the events on a connection, which becomes the session's. Blocks: only on a thread of its own.</summary>
    public static EventSession Register(LibvirtLink link, TimeProvider time)
    {
        var session = new EventSession(link, time);
        try
        {
            foreach (var (id, callback) in EventCallbacks.Followed)
                session.Register(id, callback);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public void Listen(Action<HostEvent> sink, Action<Exception> onFault)
    {
        lock (_gate)
        {
            _sink = sink;
            _onFault = onFault;
            foreach (var early in _early ?? [])
                sink(early);
            _early = null;
        }
    }

    public void Accept(HostEvent happened)
    {
        lock (_gate)
        {
            if (_sink is not null)
                _sink(happened);
            else
                _early?.Add(happened);
        }
    }

    public void AcceptFault(Exception reason) => _onFault?.Invoke(reason);

    public void Dispose()
    {
        EventCallbacks.Remove(_id);
        lock (_gate)
        {
            _sink = null;
            _early = null;
        }

        // taking them back asks the daemon, which may be frozen
        OwnThread.Start("libvirt close", Deregister);
    }

    private void Register(int id, nint callback)
    {
        var registered = LibvirtApi.virConnectDomainEventRegisterAny(_link.Handle, 0, id, callback, _id, 0);
        if (registered >= 0)
        {
            _registered.Add(registered);
            return;
        }

        // an older host does not know the newer events; without any there is nothing to follow
        var fault = NativeFault.Last();
        if (id == 0 || fault.Code is not (ErrorCode.NoSupport or ErrorCode.InvalidArgument or ErrorCode.OperationUnsupported))
            throw fault;
    }

    private void Deregister()
    {
        try
        {
            // of a lost connection too: each callback keeps it, with its descriptors, until it is taken back
            foreach (var id in _registered)
                _ = LibvirtApi.virConnectDomainEventDeregisterAny(_link.Handle, id);
        }
        catch (ObjectDisposedException)
        {
            // whoever opened it has closed it
        }

        _link.Dispose();
    }
}
