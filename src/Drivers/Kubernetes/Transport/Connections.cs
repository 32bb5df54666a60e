using System.Security.Cryptography.X509Certificates;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>
/// The connections to one cluster. Those of a client certificate are used with it only: with a new one, new connections are made, and the
/// old ones end when nobody sends through them any more.
/// </summary>
internal sealed class Connections(Func<X509Certificate2?, HttpMessageHandler> create) : IDisposable
{
    private readonly Lock _lock = new();
    private Client? _current;
    private Client? _previous;

    /// <summary>Takes the connections of a certificate, to be given back once an answer has begun.</summary>
    public Lease For(X509Certificate2? certificate)
    {
        lock (_lock)
        {
            if (_current is null || !ReferenceEquals(certificate, _current.Certificate))
            {
                // Answers that watches read through the one before last have had a whole certificate's life to end; a call that is still
                // being sent through it would be broken off, and is waited for.
                _previous?.Retire();
                _previous = _current;
                _current = new Client(new HttpClient(create(certificate)) { Timeout = Timeout.InfiniteTimeSpan }, certificate);
            }

            _current.Senders++;
            return new Lease(this, _current);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _current?.Http.Dispose();
            _previous?.Http.Dispose();
        }
    }

    private void GiveBack(Client client)
    {
        lock (_lock)
        {
            client.Senders--;
            client.DisposeWhenIdle();
        }
    }

    /// <summary>One call's use of the connections.</summary>
    public readonly struct Lease : IDisposable
    {
        private readonly Connections _owner;
        private readonly Client _client;

        internal Lease(Connections owner, Client client)
        {
            _owner = owner;
            _client = client;
        }

        public HttpClient Http => _client.Http;

        public void Dispose() => _owner.GiveBack(_client);
    }

    /// <summary>Guarded by the lock of its owner.</summary>
    internal sealed class Client(HttpClient http, X509Certificate2? certificate)
    {
        private bool _isRetired;

        public HttpClient Http { get; } = http;
        public X509Certificate2? Certificate { get; } = certificate;
        public int Senders { get; set; }

        public void Retire()
        {
            _isRetired = true;
            DisposeWhenIdle();
        }

        public void DisposeWhenIdle()
        {
            if (_isRetired && Senders == 0)
                Http.Dispose();
        }
    }
}
