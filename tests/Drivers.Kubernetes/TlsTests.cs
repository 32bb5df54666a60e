using System.Text;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class TlsTests : IDisposable
{
    private const string GetPod = "GET /api/v1/namespaces/shop/pods/a";

    private readonly TestFolder _folder = new();
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_clusters_own_authority_is_trusted()
    {
        await using var server = await StartAsync();
        using var client = Client(server, $"certificate-authority-data: {Base64(_certificates.AuthorityPem)}");
        Assert.Equal("a", (await client.GetAsync<Pod>("shop", "a")).Metadata.Name);
    }

    [Fact]
    public async Task Another_authority_is_refused()
    {
        await using var server = await StartAsync();
        using var client = Client(server, $"certificate-authority-data: {Base64(new TestCertificates().AuthorityPem)}");
        await AssertRefusedAsync(client, server);
    }

    [Fact]
    public async Task Without_an_authority_only_the_systems_are_trusted()
    {
        await using var server = await StartAsync();
        using var client = Client(server, string.Empty);
        await AssertRefusedAsync(client, server);
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused()
    {
        await using var server = await StartAsync("elsewhere.example");
        using var client = Client(server, $"certificate-authority: {_folder.Write("ca.pem", _certificates.AuthorityPem)}");
        await AssertRefusedAsync(client, server);
    }

    [Fact]
    public async Task A_name_given_for_tls_is_asked_for_and_verified()
    {
        await using var server = await StartAsync("kube.example");
        _folder.Write("ca.pem", _certificates.AuthorityPem);
        using var client = Client(server, "certificate-authority: ca.pem\ntls-server-name: kube.example");
        Assert.Equal("a", (await client.GetAsync<Pod>("shop", "a")).Metadata.Name);
    }

    [Fact]
    public async Task Unverified_tls_needs_the_option()
    {
        await using var server = await StartAsync();
        var refused = Assert.Throws<KubeconfigException>(() => Client(server, "insecure-skip-tls-verify: true"));
        Assert.Contains("AllowInsecureTls", refused.Message, StringComparison.Ordinal);
        using var client = Client(server, "insecure-skip-tls-verify: true", configure: o => o.AllowInsecureTls = true);
        Assert.Equal("a", (await client.GetAsync<Pod>("shop", "a")).Metadata.Name);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_certificate_is_presented(bool isInline)
    {
        await using var server = await StartAsync();
        var (certificate, key) = _certificates.Client("alice");
        _folder.Write("alice.pem", certificate);
        _folder.Write("alice.key", key);
        var user = isInline
            ? $"client-certificate-data: {Base64(certificate)}\nclient-key-data: {Base64(key)}"
            : "client-certificate: alice.pem\nclient-key: alice.key";
        using var client = Client(server, $"certificate-authority-data: {Base64(_certificates.AuthorityPem)}", user);
        await client.GetAsync<Pod>("shop", "a");
        Assert.Equal("CN=alice", server.Of(GetPod).Single().ClientCertificate);
    }

    [Fact]
    public async Task Through_a_proxy_the_server_is_verified_all_the_same()
    {
        await using var server = await StartAsync("api.example");
        await using var proxy = new TunnelDouble(server.Url);
        var there = new Uri("https://api.example:6443");
        var trusted = $"certificate-authority-data: {Base64(_certificates.AuthorityPem)}\nproxy-url: {proxy.Url}";
        using var client = Client(there, trusted);
        using var other = Client(new Uri("https://other.example:6443"), trusted);

        Assert.Equal("a", (await client.GetAsync<Pod>("shop", "a")).Metadata.Name);
        await Assert.ThrowsAsync<KubernetesUnreachableException>(() => other.GetAsync<Pod>("shop", "a"));

        Assert.Equal("CONNECT api.example:6443 HTTP/1.1", proxy.Asked.First());
        Assert.Equal("api.example", server.Of(GetPod).Single().Host);
    }

    [Fact]
    public async Task A_proxy_that_demands_a_user_is_given_the_one_of_its_url()
    {
        await using var server = await StartAsync("api.example");
        await using var proxy = new TunnelDouble(server.Url, "al/ice:p@ss");
        var there = new Uri("https://api.example:6443");
        var trusted = $"certificate-authority-data: {Base64(_certificates.AuthorityPem)}\nproxy-url: ";
        using var client = Client(there, trusted + $"http://al%2Fice:p%40ss@{proxy.Url.Authority}");
        using var stranger = Client(there, trusted + proxy.Url);

        Assert.Equal("a", (await client.GetAsync<Pod>("shop", "a")).Metadata.Name);
        await Assert.ThrowsAsync<KubernetesUnreachableException>(() => stranger.GetAsync<Pod>("shop", "a"));
    }

    [Fact]
    public void A_proxy_that_is_no_address_is_named() => Assert.Contains(
        "'proxy-url' expected an http://, https:// or socks5:// URL",
        Assert.Throws<KubeconfigException>(() => Client(new Uri("https://a.example"), "proxy-url: somewhere")).Message,
        StringComparison.Ordinal);

    private static async Task AssertRefusedAsync(KubernetesClient client, ApiServerDouble server)
    {
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(UnreachableCause.ConnectFailed, failure.Cause);
        Assert.Contains("certificate", failure.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private async Task<ApiServerDouble> StartAsync(string? dnsName = null)
    {
        var server = await ApiServerDouble.StartAsync(_certificates.Server(dnsName));
        server.On(GetPod, Some.Pod("a"));
        return server;
    }

    private KubernetesClient Client(
        ApiServerDouble server, string cluster, string user = "", Action<KubernetesClientOptions>? configure = null) =>
        Client(server.Url, cluster, user, configure);

    private KubernetesClient Client(Uri server, string cluster, string user = "", Action<KubernetesClientOptions>? configure = null)
    {
        var options = new KubernetesClientOptions
        {
            KubeconfigPath = _folder.WriteKubeconfig(server, cluster, user), RetryDelay = TimeSpan.FromMilliseconds(1), MaxAttempts = 2,
        };
        configure?.Invoke(options);
        return Some.Factory().Create(options, _folder.Host);
    }
}
