using System.Security.Cryptography.X509Certificates;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>
/// The connections to one cluster. Those of a client certificate are used with it only: with a new one, new connections are made, and the
/// old ones end when their calls do.
/// </summary>
internal sealed class Connections(Func<X509Certificate2?, HttpMessageHandler> create) : IDisposable
{
    private readonly Lock _lock = new();
    private HttpClient? _current;
    private HttpClient? _previous;
    private X509Certificate2? _certificate;

    public HttpClient For(X509Certificate2? certificate)
    {
        lock (_lock)
        {
            if (_current is not null && ReferenceEquals(certificate, _certificate))
                return _current;
            // Calls and watches of the one before last have had a whole certificate's life to end.
            _previous?.Dispose();
            _previous = _current;
            _certificate = certificate;
            return _current = new HttpClient(create(certificate)) { Timeout = Timeout.InfiniteTimeSpan };
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _current?.Dispose();
            _previous?.Dispose();
        }
    }
}
