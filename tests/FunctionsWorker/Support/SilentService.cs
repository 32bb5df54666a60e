using System.Net;
using System.Net.Sockets;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>A service that takes every call and answers none, until it hangs up on all of them, and on all that come later.</summary>
internal sealed class SilentService : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<TcpClient> _callers = [];
    private bool _hangsUp;

    public SilentService()
    {
        _listener.Start(backlog: 512);
        _ = AcceptAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    public void HangUp()
    {
        lock (_callers)
        {
            _hangsUp = true;
            _callers.ForEach(static caller => caller.Dispose());
        }
    }

    public void Dispose()
    {
        HangUp();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient caller = await _listener.AcceptTcpClientAsync();
                lock (_callers)
                {
                    _callers.Add(caller);
                    if (_hangsUp)
                    {
                        caller.Dispose();
                    }
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
