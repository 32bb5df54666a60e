using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>All of <c>deploy/kubernetes</c> before a real API server: it takes every object, keeps every field, admits the pod.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealDeploymentTests(RealShop shop)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly ResourceKind Policies = new("policy", "PodSecurityPolicy");
    private readonly Deployed _deployed = new(shop);

    public static TheoryData<string> Folders => [.. Deployed.Folders];

    [Theory]
    [MemberData(nameof(Folders))]
    public async Task Every_object_is_taken_and_every_field_of_it_is_kept(string folder)
    {
        var sent = await _deployed.ApplyAsync(folder);

        Assert.NotEmpty(sent);
        foreach (var item in sent)
        {
            var stored = await shop.Client.GetAsync<KubernetesObject>(Deployed.KindOf(item), Deployed.NamespaceOf(item), item.Name());
            Assert.Empty(NotKept(item, stored.ToJson(), $"{item.Text("kind")} {item.Name()}"));
        }
    }

    [Fact]
    public async Task A_misspelt_field_would_be_refused()
    {
        var manifest = await shop.Plane.KubectlAsync("kustomize", ControlPlane.PathOf(Deployed.Base));
        var file = Path.Combine(shop.Plane.Certificates, "misspelt.yaml");
        await File.WriteAllTextAsync(file, manifest.Replace("readOnlyRootFilesystem", "readOnlyRootFileSystem", StringComparison.Ordinal));

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => shop.Plane.KubectlAsync("apply", "--validate=true", "-f", file));

        Assert.Contains("readOnlyRootFileSystem", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_pod_is_admitted_as_it_is_under_a_restricted_policy_and_a_laxer_one_is_not()
    {
        await _deployed.ApplyAsync(Deployed.Base);
        var server = await shop.Plane.AnotherAsync("apiserver", "PodSecurityPolicy");
        try
        {
            using var client = new Authority(shop.Plane).As(Administrator(), server).Connect();
            var pod = RestrictedPod.Shipped();
            AssertRefused("no policy", await Record.ExceptionAsync(() => AdmitAsync(client, pod)));
            await client.CreateAsync(Policies, KubernetesObject.FromJson<KubernetesObject>(JsonNode.Parse(Restricted)!));

            var admitted = await AdmittedAsync(client, pod);

            Assert.Equal("heal-restricted", admitted.Annotation("kubernetes.io/psp"));
            Assert.Empty(NotKept(pod, admitted, "Pod heal"));
            // A policy may also write what a pod leaves out: this pod leaves nothing to it.
            Assert.Empty(NotKept(admitted.At("spec", "securityContext"), pod.At("spec", "securityContext"), "added to Pod heal"));
            foreach (var (name, worse) in RestrictedPod.Breaches.Where(breach => breach.OldPoliciesSee).Select(b => (b.Name, b.Of(pod))))
            {
                AssertRefused(name, await Record.ExceptionAsync(() => AdmitAsync(client, worse)));
            }
        }
        finally
        {
            await shop.Client.DeleteAsync(Policies, null, "heal-restricted");
            await shop.Plane.EndAnotherAsync();
        }
    }

    private static void AssertRefused(string what, Exception? refused) => Assert.True(
        refused is KubernetesApiException && refused.Message.Contains("PodSecurityPolicy", StringComparison.Ordinal),
        $"{what}: {refused?.Message ?? "admitted"}");

    // It has to learn of the policy first, and of the account's token.
    private static async Task<JsonObject> AdmittedAsync(KubernetesClient client, JsonObject pod)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                return await AdmitAsync(client, pod);
            }
            catch (KubernetesApiException) when (!limit.IsCancellationRequested)
            {
                await Task.Delay(100);
            }
        }
    }

    private static async Task<JsonObject> AdmitAsync(KubernetesClient client, JsonObject pod) => (await client.CreateAsync(
        Kinds.Pod, KubernetesObject.FromJson<KubernetesObject>(pod.DeepClone()), new WriteOptions { DryRun = true })).ToJson();

    private JsonObject Administrator() => Authority.UserOf((
        File.ReadAllText(Path.Combine(shop.Plane.Certificates, "admin.crt")),
        File.ReadAllText(Path.Combine(shop.Plane.Certificates, "admin.key"))));

    /// <summary>Paths of what was sent and is not stored so. What the server adds is its own.</summary>
    private static IEnumerable<string> NotKept(JsonNode? sent, JsonNode? stored, string path) => (sent, stored) switch
    {
        (JsonObject of, JsonObject kept) => of.SelectMany(field => NotKept(field.Value, kept[field.Key], $"{path}.{field.Key}")),
        (JsonArray of, JsonArray kept) when of.Count <= kept.Count =>
            of.SelectMany((item, index) => NotKept(item, kept[index], $"{path}[{index}]")),
        _ => JsonNode.DeepEquals(sent, stored) ? [] : [$"{path}: sent {sent?.ToJsonString()}, stored {stored?.ToJsonString()}"],
    };

    // What the level "restricted" asks for, as far as policies of Kubernetes 1.20 can say it.
    private const string Restricted = """
        { "metadata": { "name": "heal-restricted", "annotations": {
            "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "runtime/default" } },
          "spec": { "privileged": false, "allowPrivilegeEscalation": false, "requiredDropCapabilities": [ "ALL" ],
            "readOnlyRootFilesystem": true, "volumes": [ "configMap", "emptyDir", "projected", "secret", "downwardAPI" ],
            "runAsUser": { "rule": "MustRunAsNonRoot" }, "seLinux": { "rule": "RunAsAny" },
            "supplementalGroups": { "rule": "RunAsAny" }, "fsGroup": { "rule": "MustRunAs", "ranges": [ { "min": 1, "max": 65535 } ] } } }
        """;
}
