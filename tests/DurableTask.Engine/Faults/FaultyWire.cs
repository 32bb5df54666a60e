using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Heal.DurableTask.Engine.Tests.Faults;

/// <summary>
/// A process's way to PostgreSQL, on which a seed draws what goes wrong: a request that never arrives, or in part; one that is carried out
/// and whose answer is lost, as a whole or in part; a way that takes its time. A request is what the driver writes at once: a group
/// of statements with the end of its transaction, or one step of a longer transaction, its COMMIT included.
/// </summary>
internal sealed class FaultyWire : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly NpgsqlConnectionStringBuilder _target;
    private readonly Lock _gate = new();
    private readonly Random _chance;
    private readonly double _rate;
    private readonly Dictionary<WireFault, int> _faults = [];
    private readonly Task _accepting;
    private bool _isCalm = true;

    /// <param name="rate">How likely a fault is, for each request.</param>
    public FaultyWire(string target, int seed, double rate)
    {
        _target = new NpgsqlConnectionStringBuilder(target);
        _chance = new Random(seed);
        _rate = rate;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string ConnectionString => new NpgsqlConnectionStringBuilder(_target.ConnectionString)
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;

    /// <summary>How often each fault has happened.</summary>
    public IReadOnlyDictionary<WireFault, int> Faults
    {
        get
        {
            lock (_gate)
            {
                return new Dictionary<WireFault, int>(_faults);
            }
        }
    }

    /// <summary>From now on things go wrong; before, nothing does.</summary>
    public void Begin() => SetCalm(false);

    /// <summary>Nothing goes wrong any more.</summary>
    public void Calm() => SetCalm(true);

    private void SetCalm(bool isCalm)
    {
        lock (_gate)
        {
            _isCalm = isCalm;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    private WireFault Draw()
    {
        lock (_gate)
        {
            if (_isCalm || _chance.NextDouble() >= _rate)
            {
                return WireFault.None;
            }

            var drawn = (WireFault)_chance.Next(1, Enum.GetValues<WireFault>().Length);
            _faults[drawn] = _faults.GetValueOrDefault(drawn) + 1;
            return drawn;
        }
    }

    private TimeSpan Delay()
    {
        lock (_gate)
        {
            return TimeSpan.FromMilliseconds(_chance.Next(5, 80));
        }
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
            }
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(_target.Host!, _target.Port, _stopping.Token);
                var link = new Link();
                await Task.WhenAny(
                    AskAsync(client.GetStream(), server.GetStream(), link), AnswerAsync(server.GetStream(), client.GetStream(), link));
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
            {
                // Closed by one side.
            }
        }
    }

    private async Task AskAsync(NetworkStream client, NetworkStream server, Link link)
    {
        byte[] buffer = new byte[1024 * 1024];
        while (await client.ReadAsync(buffer, _stopping.Token) is > 0 and var count)
        {
            WireFault fault = Draw();
            switch (fault)
            {
                case WireFault.Before:
                    return;
                case WireFault.Torn:
                    await server.WriteAsync(buffer.AsMemory(0, count / 2), _stopping.Token);
                    return;
                case WireFault.Slow:
                    await Task.Delay(Delay(), _stopping.Token);
                    break;
                case WireFault.After or WireFault.TornAnswer:
                    link.Doom = fault;
                    break;
            }

            await server.WriteAsync(buffer.AsMemory(0, count), _stopping.Token);
        }
    }

    private async Task AnswerAsync(NetworkStream server, NetworkStream client, Link link)
    {
        byte[] buffer = new byte[1024 * 1024];
        while (await server.ReadAsync(buffer, _stopping.Token) is > 0 and var count)
        {
            if (link.Doom != WireFault.None)
            {
                await client.WriteAsync(buffer.AsMemory(0, link.Doom == WireFault.TornAnswer ? count / 2 : 0), _stopping.Token);
                return;
            }

            await client.WriteAsync(buffer.AsMemory(0, count), _stopping.Token);
        }
    }

    private sealed class Link
    {
        private volatile int _doom;

        public WireFault Doom
        {
            get => (WireFault)_doom;
            set => _doom = (int)value;
        }
    }
}

/// <summary>What goes wrong on the way of a request.</summary>
internal enum WireFault
{
    None,

    /// <summary>It never arrives.</summary>
    Before,

    /// <summary>A part of it arrives.</summary>
    Torn,

    /// <summary>It is carried out, and nothing of the answer arrives.</summary>
    After,

    /// <summary>It is carried out, and a part of the answer arrives.</summary>
    TornAnswer,

    /// <summary>It takes its time.</summary>
    Slow,
}
