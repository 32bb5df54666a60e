using System.Security.Cryptography.X509Certificates;
using Heal.Drivers.Kubernetes.Tests.Support;
using Heal.Drivers.Kubernetes.Transport;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class ConnectionsTests
{
    private static readonly Uri Anywhere = new("http://127.0.0.1/");

    private readonly TestCertificates _certificates = new();

    [Fact]
    public async Task Connections_of_an_older_certificate_end_with_the_last_call_that_is_sent_through_them()
    {
        var made = new List<WaitingHandler>();
        using var connections = new Connections(_ =>
        {
            made.Add(new WaitingHandler());
            return made[^1];
        });
        using var first = _certificates.Server();
        using var second = _certificates.Server();
        using var third = _certificates.Server();

        var lease = connections.For(first);
        var sent = lease.Http.GetAsync(Anywhere);
        Use(connections, second);
        Use(connections, third);
        Assert.False(made[0].IsDisposed);
        made[0].Answer.SetResult(new HttpResponseMessage());
        using var answer = await sent;
        lease.Dispose();

        Assert.Equal([true, false, false], made.Select(handler => handler.IsDisposed));
        Use(connections, first);
        Assert.Equal([true, true, false, false], made.Select(handler => handler.IsDisposed));
    }

    private static void Use(Connections connections, X509Certificate2 certificate)
    {
        using var lease = connections.For(certificate);
        Assert.NotNull(lease.Http);
    }

    /// <summary>Answers when told.</summary>
    private sealed class WaitingHandler : HttpMessageHandler
    {
        public TaskCompletionSource<HttpResponseMessage> Answer { get; } = new();

        public bool IsDisposed { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Answer.Task.WaitAsync(cancellationToken);

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
