using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class KubeconfigTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Several_files_are_merged_and_the_first_wins()
    {
        _folder.Write("one", """
            current-context: one
            contexts: [{name: one, context: {cluster: shared, user: none, namespace: first}}]
            users: [{name: none, user: {}}]
            """);
        _folder.Write("two", """
            current-context: two
            contexts:
            - {name: one, context: {cluster: other, user: none, namespace: second}}
            - {name: two, context: {cluster: shared, user: none, namespace: third}}
            clusters: [{name: shared, cluster: {server: "https://shared.example:6443"}}]
            """);
        _folder.Variables["KUBECONFIG"] = string.Join(Path.PathSeparator, At("one"), At("absent"), At("two"));
        using var current = Create();
        using var chosen = Create(o => o.Context = "two");
        Assert.Equal(("https://shared.example:6443", "first"), (current.Server, current.ContextNamespace));
        Assert.Equal("third", chosen.ContextNamespace);
    }

    [Fact]
    public void A_kubeconfig_in_json_is_read_too()
    {
        _folder.Write(".kube/config", """
            {"current-context":"x",
             "contexts":[{"name":"x","context":{"cluster":"c"}}],
             "clusters":[{"name":"c","cluster":{"server":"https://a.example"}}]}
            """);
        using var client = Create();
        Assert.Equal("https://a.example", client.Server);
    }

    [Fact]
    public void The_path_option_goes_before_the_environment()
    {
        _folder.Variables["KUBECONFIG"] = At("absent");
        using var client = Create(o => o.KubeconfigPath = _folder.WriteKubeconfig(new Uri("https://a.example")));
        Assert.Equal("https://a.example", client.Server);
    }

    [Theory]
    [InlineData("contexts: [}", "line 1")]
    [InlineData("contexts: []", "no current-context is set")]
    [InlineData("current-context: x", "context 'x' does not exist. Known: none")]
    [InlineData("current-context: x\ncontexts: [{name: y, context: {cluster: c}}]", "context 'x' does not exist. Known: 'y'")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {user: u}}]", "'cluster' is missing")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", "context 'x': cluster 'c' does not exist")]
    [InlineData(
        "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://a'}}]",
        "user 'u' does not exist")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'ftp://a'}}]",
        "cluster 'c': 'server' expected an https:// URL, got 'ftp://a'")]
    [InlineData(
        "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'http://a.example'}}]",
        "AllowPlainHttp")]
    public void A_faulty_file_is_named_with_what_is_missing(string yaml, string expected)
    {
        var path = _folder.Write("config", yaml);
        var refused = Assert.Throws<KubeconfigException>(() => Create(o => o.KubeconfigPath = path));
        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("username: u\npassword: s3cret", "basic authentication")]
    [InlineData("auth-provider: {name: gcp}", "'auth-provider' was removed")]
    [InlineData("client-certificate-data: Zm9v", "'client-certificate' without 'client-key'")]
    [InlineData("client-certificate-data: Zm9v\nclient-key-data: Zm9v", "do not make a pair")]
    [InlineData("client-certificate-data: '!s3cret'\nclient-key-data: Zm9v", "expected base64")]
    [InlineData("client-certificate: absent.pem\nclient-key: absent.key", "cannot be read")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1}", "'exec.command' is missing")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}", "got 'client.authentication.k8s.io/v1alpha1'")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}", "needs a terminal")]
    [InlineData("token: s3cret\nexec: {apiVersion: client.authentication.k8s.io/v1, command: x}", "got both")]
    public void Unusable_credentials_are_named_without_showing_them(string user, string expected)
    {
        var path = _folder.WriteKubeconfig(new Uri("https://a.example"), user: user);
        var refused = Assert.Throws<KubeconfigException>(() => Create(o => o.KubeconfigPath = path));
        Assert.Contains("user 'u'", refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_any_configuration_the_error_says_what_to_set()
    {
        var refused = Assert.Throws<KubeconfigException>(() => Create());
        Assert.Contains("Set KUBECONFIG", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_pod_the_service_account_is_used()
    {
        _folder.Variables["KUBERNETES_SERVICE_HOST"] = "fd00::1";
        _folder.Variables["KUBERNETES_SERVICE_PORT"] = "6443";
        _folder.Write("token", "t");
        _folder.Write("namespace", "heal\n");
        var incomplete = Assert.Throws<KubeconfigException>(() => Create());
        Assert.Contains("ca.crt' is missing", incomplete.Message, StringComparison.Ordinal);
        _folder.Write("ca.crt", new TestCertificates().AuthorityPem);
        using var client = Create();
        Assert.Equal(("https://[fd00::1]:6443", "heal"), (client.Server, client.ContextNamespace));
    }

    private string At(string name) => Path.Combine(_folder.Path, name);

    private KubernetesClient Create(Action<KubernetesClientOptions>? configure = null)
    {
        var options = new KubernetesClientOptions();
        configure?.Invoke(options);
        return Some.Factory().Create(options, _folder.Host);
    }
}
