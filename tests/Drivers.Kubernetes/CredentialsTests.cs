using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class CredentialsTests : IAsyncLifetime
{
    private const string GetPod = "GET /api/v1/namespaces/shop/pods/a";
    private const string V1 = "client.authentication.k8s.io/v1";

    private readonly TestFolder _folder = new();
    private readonly SettableTime _time = new();
    private ApiServerDouble _server = null!;

    public async Task InitializeAsync()
    {
        _server = await ApiServerDouble.StartAsync();
        _server.On(GetPod, Some.Pod("a"));
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_rotated_token_file_is_used_at_once()
    {
        _folder.Write("token", "one\n");
        using var client = Client("tokenFile: token");
        await client.GetAsync<Pod>("shop", "a");
        _folder.Write("token", "two\n");
        await client.GetAsync<Pod>("shop", "a");
        File.Delete(Path.Combine(_folder.Path, "token"));
        await client.GetAsync<Pod>("shop", "a");
        Assert.Equal(["Bearer one", "Bearer two", "Bearer two"], Tokens());
    }

    [Fact]
    public async Task A_rejection_names_the_token_file_that_could_not_be_renewed()
    {
        _folder.Write("token", "one\n");
        _server.On(GetPod, Answer.Json(Some.Pod("a")), Answer.Status(401, "Unauthorized", "no"));
        using var client = Client("tokenFile: token");
        await client.GetAsync<Pod>("shop", "a");
        File.Delete(Path.Combine(_folder.Path, "token"));
        var failure = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains($"Token file '{Path.Combine(_folder.Path, "token")}' cannot be read", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_file_that_is_missing_is_named()
    {
        using var client = Client("tokenFile: absent");
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal((UnreachableCause.CredentialsFailed, true), (failure.Cause, failure.NotSent));
        Assert.Contains("absent", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(V1)]
    [InlineData("client.authentication.k8s.io/v1beta1")]
    public async Task A_plugin_gets_its_arguments_environment_and_cluster_and_gives_a_token(string version)
    {
        _folder.WriteScript("login", $$"""
            echo "$KUBERNETES_EXEC_INFO" > {{_folder.Path}}/info
            echo '{"kind":"ExecCredential","apiVersion":"{{version}}","status":{"token":"'"$1-$WHO"'"} }'
            """);
        using var client = Client($"""
            exec:
              apiVersion: {version}
              command: ./login
              args: [hello]
              env: [{"{"}name: WHO, value: world{"}"}]
              provideClusterInfo: true
            """);
        await client.GetAsync<Pod>("shop", "a");
        Assert.Equal("Bearer hello-world", Tokens().Last());
        var info = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder.Path, "info")))!;
        Assert.Equal((version, false, _server.Url.ToString()),
            ((string?)info["apiVersion"], (bool)info["spec"]!["interactive"]!, (string?)info["spec"]!["cluster"]!["server"]));
    }

    [Fact]
    public async Task White_space_around_a_token_is_not_sent_and_a_token_of_several_lines_is_refused_without_being_shown()
    {
        _folder.WriteScript("login", $$"""
            printf '%s' '{"apiVersion":"{{V1}}","status":{"token":" padded\n"} }'
            """);
        using (var client = Client(Exec()))
            await client.GetAsync<Pod>("shop", "a");
        using (var client = Client("token: \"inline\\n\""))
            await client.GetAsync<Pod>("shop", "a");
        Assert.Equal(["Bearer padded", "Bearer inline"], Tokens());

        using var several = Client("token: \"s3cret\\nmore\"");
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => several.GetAsync<Pod>("shop", "a"));
        Assert.Equal(UnreachableCause.CredentialsFailed, failure.Cause);
        Assert.Contains("expected one line", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plugins_token_is_kept_until_shortly_before_it_expires()
    {
        CountingPlugin(_time.GetUtcNow().AddMinutes(10));
        using var client = Client(Exec());
        await client.GetAsync<Pod>("shop", "a");
        await client.GetAsync<Pod>("shop", "a");
        _time.Advance(TimeSpan.FromSeconds(571));
        await client.GetAsync<Pod>("shop", "a");
        Assert.Equal(["Bearer 1", "Bearer 1", "Bearer 2"], Tokens());
    }

    [Fact]
    public async Task A_token_that_the_server_rejects_is_replaced_and_the_call_repeated_even_a_post()
    {
        CountingPlugin(_time.GetUtcNow().AddMinutes(10));
        _server.On("POST /api/v1/namespaces/shop/pods", Answer.Status(401, "Unauthorized", "no"), Answer.Json(Some.Pod("a")));
        using var client = Client(Exec());
        await client.CreateAsync(new Pod { Metadata = new ObjectMeta { Name = "a", Namespace = "shop" } });
        Assert.Equal(["Bearer 1", "Bearer 2"], _server.Of("POST /api/v1/namespaces/shop/pods").Select(r => r.Authorization));
    }

    [Fact]
    public async Task Many_calls_at_once_run_the_plugin_once()
    {
        CountingPlugin(_time.GetUtcNow().AddMinutes(10));
        using var client = Client(Exec());
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.GetAsync<Pod>("shop", "a")));
        Assert.Equal(["Bearer 1"], Tokens().Distinct());
    }

    [Theory]
    [InlineData("echo not logged in >&2; exit 3", "ended with code 3: not logged in")]
    [InlineData("echo s3cret", "did not print an ExecCredential")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'", "neither status.token nor")]
    [InlineData("echo '{\"apiVersion\":\"v9\",\"status\":{\"token\":\"s3cret\"}}'", "printed apiVersion 'v9'")]
    public async Task A_plugin_that_fails_is_named_without_showing_secrets(string script, string expected)
    {
        _folder.WriteScript("login", script);
        using var client = Client(Exec());
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(UnreachableCause.CredentialsFailed, failure.Cause);
        Assert.Contains("user 'u'", failure.Message, StringComparison.Ordinal);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plugin_that_hangs_is_ended()
    {
        _folder.WriteScript("login", "sleep 60");
        using var client = Client(Exec(), execSeconds: 0.5);
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains("did not end within 0.5 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plugin_that_hangs_is_named_before_the_call_runs_out_of_time()
    {
        _folder.WriteScript("login", "sleep 60");
        using var client = Client(Exec(), attemptSeconds: 1);
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(UnreachableCause.CredentialsFailed, failure.Cause);
    }

    [Fact]
    public async Task Who_gives_up_waiting_for_a_plugin_does_not_end_it_for_the_others()
    {
        _folder.WriteScript("login", $$"""
            cd {{_folder.Path}}
            echo x >> runs
            while [ ! -e go ]; do sleep 0.05; done
            echo '{"apiVersion":"{{V1}}","status":{"token":"'$(grep -c x runs)'"} }'
            """);
        using var client = Client(Exec());
        using var patience = new CancellationTokenSource();
        var first = client.GetAsync<Pod>("shop", "a", patience.Token);
        while (!File.Exists(Path.Combine(_folder.Path, "runs")))
            await Task.Delay(10);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _folder.Write("go", "");
        await client.GetAsync<Pod>("shop", "a");
        Assert.Equal(["Bearer 1"], Tokens());
    }

    [Fact]
    public async Task A_plugin_that_is_not_installed_comes_with_its_hint()
    {
        using var client = Client(Exec() + "\n  installHint: get it from the shelf");
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Contains("get it from the shelf", failure.Message, StringComparison.Ordinal);
    }

    private static string Exec() => $"exec:\n  apiVersion: {V1}\n  command: ./login";

    // The first run prints token 1, the second 2.
    private void CountingPlugin(DateTimeOffset expires) => _folder.WriteScript("login", $$"""
        cd {{_folder.Path}}
        echo x >> runs
        expires={{expires.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}}
        echo '{"apiVersion":"{{V1}}","status":{"token":"'$(grep -c x runs)'","expirationTimestamp":"'$expires'"} }'
        """);

    private IEnumerable<string> Tokens() => _server.Of(GetPod).Select(r => r.Authorization);

    private KubernetesClient Client(string user, double execSeconds = 25, double attemptSeconds = 30)
    {
        var options = new KubernetesClientOptions
        {
            KubeconfigPath = _folder.WriteKubeconfig(_server.Url, user: user), ExecTimeout = TimeSpan.FromSeconds(execSeconds),
            AttemptTimeout = TimeSpan.FromSeconds(attemptSeconds),
        };
        return Some.Factory(_time).Create(options, _folder.Host);
    }
}
