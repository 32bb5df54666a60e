using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>Programs that a kubeconfig names to get credentials from, and a real API server that judges what they bring.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealPluginTests : IDisposable
{
    private const string ApiVersion = "client.authentication.k8s.io/v1beta1";

    private readonly RealShop _shop;
    private readonly Authority _authority;
    private readonly string _folder = Directory.CreateTempSubdirectory("heal-plugin-").FullName;

    public RealPluginTests(RealShop shop) => (_shop, _authority) = (shop, new Authority(shop.Plane));

    private int Runs => File.ReadAllLines(PathOf("runs")).Length;

    [Fact]
    public async Task A_program_that_asks_the_cluster_for_a_token_is_run_once_and_told_which_cluster_it_is()
    {
        var stall = await _shop.OpenAsync();
        await stall.CreateInAsync("""{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"healer"}}""");
        var request = PathOf("request.json");
        await File.WriteAllTextAsync(request, """
            { "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
              "spec": { "audiences": null, "expirationSeconds": 600 } }
            """);
        using var client = Connect($$"""
            printf '%s' "$KUBERNETES_EXEC_INFO" >told
            answer=$(kubectl --kubeconfig '{{_shop.Plane.Kubeconfig}}' create -f '{{request}}' \
              --raw '/api/v1/namespaces/{{stall.Namespace}}/serviceaccounts/healer/token')
            field() { printf '%s' "$answer" | tr -d '\n' | sed "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/"; }
            printf '{ "kind": "ExecCredential", "apiVersion": "{{ApiVersion}}",
              "status": { "token": "%s", "expirationTimestamp": "%s" } }' "$(field token)" "$(field expirationTimestamp)"
            """);

        var refused = await Assert.ThrowsAsync<KubernetesForbiddenException>(() => client.ListAsync<Node>(null));
        await Assert.ThrowsAsync<KubernetesForbiddenException>(() => client.ListAsync<Node>(null));

        Assert.Equal($"system:serviceaccount:{stall.Namespace}:healer", refused.Missing!.Subject);
        Assert.Equal(1, Runs);
        var told = JsonNode.Parse(await File.ReadAllTextAsync(PathOf("told")));
        Assert.Equal(client.Server, told.Text("spec", "cluster", "server")!.TrimEnd('/'));
    }

    [Fact]
    public async Task When_its_certificate_has_ended_the_program_is_asked_for_the_next_and_no_call_fails()
    {
        var end = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.AddSeconds(4).ToUnixTimeSeconds());
        Bring(1, _authority.Client("CN=first", _authority.Since, end));
        Bring(2, _authority.Client("CN=second", _authority.Since, end.AddHours(1)));
        using var client = Connect("""
            cat "credential-$(($(wc -l <runs)))"
            """);

        var first = await Assert.ThrowsAsync<KubernetesForbiddenException>(() => client.ListAsync<Node>(null));
        // Nothing but the clock ends a certificate.
        await Task.Delay(end - DateTimeOffset.UtcNow + TimeSpan.FromSeconds(1));
        var second = await Assert.ThrowsAsync<KubernetesForbiddenException>(() => client.ListAsync<Node>(null));

        Assert.Equal(("first", "second"), (first.Missing!.Subject, second.Missing!.Subject));
        Assert.Equal(2, Runs);
    }

    [Fact]
    public async Task A_program_that_fails_is_named_with_its_words_and_once_it_works_so_does_the_client()
    {
        Bring(1, _authority.Client("CN=healer, O=system:masters", _authority.Since, DateTimeOffset.UtcNow.AddHours(1)));
        using var client = Connect("""
            [ -f logged-in ] || { echo 'not logged in: run corp-login' >&2; exit 3; }
            cat credential-1
            """, options => options.MaxAttempts = 1);

        var failed = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.ListAsync<Node>(null));
        await File.WriteAllTextAsync(PathOf("logged-in"), "");
        var nodes = await client.ListAsync<Node>(null);

        Assert.Equal((UnreachableCause.CredentialsFailed, true), (failed.Cause, failed.NotSent));
        Assert.Contains("ended with code 3: not logged in: run corp-login", failed.Message, StringComparison.Ordinal);
        Assert.NotNull(nodes.ResourceVersion);
    }

    [Fact]
    public async Task What_stays_refused_is_asked_for_once_more_and_then_said()
    {
        var stall = await _shop.OpenAsync();
        var account = await stall.GetAsync(new("", "ServiceAccount"), "default");
        var end = DateTimeOffset.UtcNow.AddHours(-1);
        Write(1, new JsonObject { ["token"] = _authority.Token(stall.Namespace, "default", account.Uid(), end.AddHours(-1), end) });
        using var client = Connect("cat credential-1");

        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(() => client.ListAsync<Node>(null));

        Assert.Equal(2, Runs);
        Assert.NotNull(refused.ExpiredAt);
        Assert.Contains("bearer token expired at", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A client whose kubeconfig names a program.</summary>
    /// <param name="script">What it does, in its own folder, after it has noted that it runs.</param>
    private KubernetesClient Connect(string script, Action<KubernetesClientOptions>? configure = null)
    {
        var program = PathOf("login");
        File.WriteAllText(program, $"set -e\ncd '{_folder}'\necho run >>runs\n{script}\n");
        return _authority.As(new JsonObject
        {
            ["exec"] = new JsonObject
            {
                ["apiVersion"] = ApiVersion, ["command"] = "sh", ["args"] = new JsonArray(program), ["provideClusterInfo"] = true,
            },
        }).Connect(configure);
    }

    private void Bring(int run, (string Certificate, string Key) pair) => Write(run, new JsonObject
    {
        ["clientCertificateData"] = pair.Certificate, ["clientKeyData"] = pair.Key,
    });

    private void Write(int run, JsonObject status) => File.WriteAllText(
        PathOf($"credential-{run.ToString(CultureInfo.InvariantCulture)}"),
        new JsonObject { ["kind"] = "ExecCredential", ["apiVersion"] = ApiVersion, ["status"] = status }.ToJsonString());

    private string PathOf(string name) => Path.Combine(_folder, name);
}
