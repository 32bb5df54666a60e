using System.Globalization;
using System.Text;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

/// <summary>Credentials and certificates that expire and are renewed.</summary>
public sealed class ExpiryTests : IDisposable
{
    private const string GetPod = "GET /api/v1/namespaces/shop/pods/a";

    private static readonly DateTimeOffset LongAgo = DateTimeOffset.UtcNow.AddHours(-2);

    private readonly TestFolder _folder = new();
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_renewed_certificate_file_is_used_at_once()
    {
        await using var server = await StartAsync();
        Write(_certificates.Client("old"));
        using var client = Client(server, "client-certificate: user.pem\nclient-key: user.key");
        await client.GetAsync<Pod>("shop", "a");
        await client.GetAsync<Pod>("shop", "a");
        Write(_certificates.Client("new"));
        await client.GetAsync<Pod>("shop", "a");
        Assert.Equal(["CN=old", "CN=old", "CN=new"], server.Of(GetPod).Select(r => r.ClientCertificate));
    }

    [Fact]
    public async Task In_the_middle_of_a_renewal_the_old_pair_stays_in_force()
    {
        await using var server = await StartAsync();
        Write(_certificates.Client("old"));
        using var client = Client(server, "client-certificate: user.pem\nclient-key: user.key");
        await client.GetAsync<Pod>("shop", "a");
        var (certificate, key) = _certificates.Client("newest");
        _folder.Write("user.pem", certificate);
        await client.GetAsync<Pod>("shop", "a");
        _folder.Write("user.key", key);
        await client.GetAsync<Pod>("shop", "a");
        Assert.Equal(["CN=old", "CN=old", "CN=newest"], server.Of(GetPod).Select(r => r.ClientCertificate));
    }

    [Fact]
    public async Task A_rejection_says_why_the_renewed_pair_was_not_sent()
    {
        await using var server = await StartAsync();
        Write(_certificates.Client("bob", LongAgo));
        using var client = Client(server, "client-certificate: user.pem\nclient-key: user.key");
        await client.GetAsync<Pod>("shop", "a");
        server.On(GetPod, Answer.Status(401, "Unauthorized", "Unauthorized"));
        _folder.Write("user.pem", "cut off in the mid");
        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains("An older one was sent, because:", refused.Message, StringComparison.Ordinal);
        Assert.Contains("do not make a pair", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_client_certificate_that_has_expired_is_named_with_its_date()
    {
        await using var server = await StartAsync();
        server.On(GetPod, Answer.Status(401, "Unauthorized", "Unauthorized"));
        Write(_certificates.Client("bob", LongAgo));
        using var client = Client(server, "client-certificate: user.pem\nclient-key: user.key");
        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains(
            $"client certificate 'CN=bob' expired at {LongAgo.UtcDateTime:yyyy-MM-dd HH:mm}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(LongAgo, refused.ExpiredAt!.Value, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_refused_token_that_has_expired_is_named_with_its_date_and_never_shown()
    {
        await using var server = await StartAsync();
        server.On(GetPod, Answer.Status(401, "Unauthorized", "Unauthorized"));
        var token = Jwt($$"""{"exp":{{LongAgo.ToUnixTimeSeconds()}},"sub":"bob"}""");
        using var client = Client(server, $"token: {token}");
        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains($"bearer token expired at {LongAgo.UtcDateTime:yyyy-MM-dd HH:mm}", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(token[..20], refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_credential_from_the_future_suggests_to_look_at_the_clock()
    {
        await using var server = await StartAsync();
        server.On(GetPod, Answer.Status(401, "Unauthorized", "Unauthorized"));
        using var client = Client(server, $"token: {Jwt($$"""{"nbf":{{DateTimeOffset.UtcNow.AddHours(3).ToUnixTimeSeconds()}}}""")}");
        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains("this machine's clock says", refused.Message, StringComparison.Ordinal);
        Assert.Null(refused.ExpiredAt);
    }

    [Fact]
    public async Task A_refusal_of_a_server_whose_clock_differs_from_ours_says_what_both_of_them_say()
    {
        await using var server = await StartAsync();
        var theirs = DateTimeOffset.UtcNow.AddHours(1);
        server.On(GetPod, async context =>
        {
            context.Response.Headers.Date = theirs.ToString("R", CultureInfo.InvariantCulture);
            await Answer.Status(401, "Unauthorized", "Unauthorized")(context);
        });
        using var client = Client(server, $"token: {Jwt($$"""{"exp":{{DateTimeOffset.UtcNow.AddMinutes(30).ToUnixTimeSeconds()}}}""")}");
        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains($"The server's clock says {theirs.UtcDateTime:yyyy-MM-dd HH:mm}", refused.Message, StringComparison.Ordinal);
        Assert.Null(refused.ExpiredAt);
    }

    [Fact]
    public async Task A_refused_token_that_is_no_jwt_is_refused_without_a_guess()
    {
        await using var server = await StartAsync();
        server.On(GetPod, Answer.Status(401, "Unauthorized", "Unauthorized"));
        using var client = Client(server, "token: a.b!.c");
        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains("Sent: a bearer token", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_servers_certificate_that_has_expired_is_named_with_its_date()
    {
        await using var server = await ApiServerDouble.StartAsync(_certificates.Server(until: LongAgo));
        using var client = Client(server, "token: t");
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains(
            $"the server's certificate 'CN=server' expired at {LongAgo.UtcDateTime:yyyy-MM-dd HH:mm}",
            failure.Message, StringComparison.Ordinal);
        Assert.Contains("this machine's clock says", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_servers_certificate_for_other_names_says_for_which()
    {
        await using var server = await ApiServerDouble.StartAsync(_certificates.Server("elsewhere.example"));
        using var client = Client(server, "token: t");
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains("but for 'elsewhere.example'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_acts_for_another_says_so_with_every_call()
    {
        string[] sent = [];
        await using var server = await StartAsync();
        server.On(GetPod, async context =>
        {
            sent = [.. context.Request.Headers
                .Where(h => h.Key.StartsWith("Impersonate", StringComparison.Ordinal)).Select(h => $"{h.Key}={h.Value}")];
            await Answer.Json(Some.Pod("a"))(context);
        });
        using var client = Client(server, "token: t\nas: alice\nas-uid: u1\nas-groups: [dev]\nas-user-extra:\n  scopes: [view]");
        await client.GetAsync<Pod>("shop", "a");
        Assert.Equal(
            ["Impersonate-Extra-scopes=view", "Impersonate-Group=dev", "Impersonate-Uid=u1", "Impersonate-User=alice"],
            sent.Order(StringComparer.Ordinal));
        // Without a user there is nobody to act for; and of several groups one header could not tell where one ends.
        Assert.Throws<KubeconfigException>(() => Client(server, "token: t\nas-groups: [dev]"));
        Assert.Throws<KubeconfigException>(() => Client(server, "token: t\nas: alice\nas-groups: [dev, ops]"));
    }

    private static string Jwt(string claims) => $"{Encode("""{"alg":"none"}""")}.{Encode(claims)}.c2ln";

    private static string Encode(string text) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private void Write((string Certificate, string Key) pair)
    {
        _folder.Write("user.pem", pair.Certificate);
        _folder.Write("user.key", pair.Key);
    }

    private async Task<ApiServerDouble> StartAsync()
    {
        var server = await ApiServerDouble.StartAsync(_certificates.Server());
        server.On(GetPod, Some.Pod("a"));
        return server;
    }

    private KubernetesClient Client(ApiServerDouble server, string user)
    {
        var authority = Convert.ToBase64String(Encoding.UTF8.GetBytes(_certificates.AuthorityPem));
        var path = _folder.WriteKubeconfig(server.Url, $"certificate-authority-data: {authority}", user);
        return Some.Factory().Create(new KubernetesClientOptions { KubeconfigPath = path, MaxAttempts = 1 }, _folder.Host);
    }
}
