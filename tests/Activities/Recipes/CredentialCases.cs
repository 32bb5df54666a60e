using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Actions on pull secrets and certificates.</summary>
internal static class CredentialCases
{
    private static readonly ResourceKind Issuer = new("cert-manager.io", "Issuer");

    public static readonly RecipeCase[] All =
    [
        new("refresh_pull_secret", "refresh_pull_secret")
        {
            Arrange = stall => PullAsync(stall, outdated: true),
            Spoil = async stall =>
            {
                await stall.Client.PatchAsync<KubernetesObject>(
                    Kinds.Secret, Shop.Truth, Pull(stall), Patch.Merge(JsonNode.Parse(Data("expired"))!));
                return "it is not out of date";
            },
            Effects = async stall => await CopiesAsync(stall) is var copies && await IsTrueAsync(stall) ? copies : -copies,
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Secret, Pull(stall))).At("data"))
                + await CopiesAsync(stall),
            Meddle = MeddleAsync,
        },
        new("refresh_pull_secret_that_is_gone", "refresh_pull_secret")
        {
            Arrange = stall => PullAsync(stall, outdated: false),
            Spoil = async stall =>
            {
                await stall.Client.DeleteAsync(Kinds.Secret, Shop.Truth, Pull(stall));
                return "does not exist";
            },
            Effects = async stall => await IsTrueAsync(stall) ? 1 + await CopiesAsync(stall) : 0,
            Before = async stall => RecipeCase.Text((await stall.FindAsync(Kinds.Secret, Pull(stall))).At("data")),
            Meddle = MeddleAsync,
        },
        new("renew_certificate", "renew_certificate")
        {
            Arrange = async stall =>
            {
                await IssuerAsync(stall);
                await CertificateAsync(stall, DateTimeOffset.UtcNow.AddHours(5));
                _ = stall.FollowAsync(Kinds.Certificate, (live, deleted) => IssueAsync(stall, live));
                return stall.Target(TargetKinds.Certificate, "web");
            },
            Spoil = async stall =>
            {
                await stall.SetStatusAsync(Issuer, "ca", """
                    {"status":{"conditions":[{"type":"Ready","status":"False","message":"the authority does not answer"}]}}
                    """);
                return "is not ready: the authority does not answer";
            },
            Effects = async stall => (await stall.GetAsync(Kinds.Certificate, "web")).Whole("status", "revision")!.Value - 1,
        },
    ];

    public static async Task IssuerAsync(Stall stall)
    {
        await stall.CreateInAsync("""
            {"apiVersion":"cert-manager.io/v1","kind":"Issuer","metadata":{"name":"ca"},"spec":{"ca":{"secretName":"ca"}}}
            """);
        await stall.SetStatusAsync(Issuer, "ca", """{"status":{"conditions":[{"type":"Ready","status":"True"}]}}""");
        await stall.UntilAsync(Issuer, "ca", live => live.HasCondition("Ready"));
    }

    public static async Task CertificateAsync(Stall stall, DateTimeOffset ends)
    {
        await stall.CreateInAsync("""
            {"apiVersion":"cert-manager.io/v1","kind":"Certificate","metadata":{"name":"web"},
            "spec":{"secretName":"web-tls","dnsNames":["web.example"],"issuerRef":{"name":"ca"}}}
            """);
        await stall.SetStatusAsync(Kinds.Certificate, "web", $$"""
            { "status": { "revision": 1, "notAfter": "{{Stamp(ends)}}", "conditions": [ { "type": "Ready", "status": "True" } ] } }
            """);
    }

    public static string Pull(Stall stall) => $"{stall.Namespace}-pull";

    /// <summary>A merge patch that gives a pull secret a password.</summary>
    public static string Data(string password) => $$"""{ "data": { ".dockerconfigjson": "{{Config(password)}}" } }""";

    /// <summary>Whether a registry would let somebody in with a pull secret.</summary>
    public static bool IsValid(JsonObject? secret) => secret.Text("data", ".dockerconfigjson") == Config("valid");

    private static async Task<TargetReference> PullAsync(Stall stall, bool outdated)
    {
        await SecretAsync(stall, Shop.Truth, "valid");
        if (outdated) await SecretAsync(stall, stall.Namespace, "expired");
        await stall.CreateInAsync($$"""
            { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
              "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "web" } },
                "template": { "metadata": { "labels": { "app": "web" } },
                  "spec": { "imagePullSecrets": [ { "name": "{{Pull(stall)}}" } ],
                    "containers": [ { "name": "app", "image": "private.example/app:1.0" } ] } } } }
            """);
        await stall.UntilAnyAsync(Kinds.Pod, pod => pod.Items("status", "containerStatuses").Any(status =>
            status.Text("state", "waiting", "reason") is "ErrImagePull" or "ImagePullBackOff"));
        return stall.Target(TargetKinds.Deployment, "web");
    }

    private static Task<JsonObject> SecretAsync(Stall stall, string ns, string password, string manager = "kubectl-create") =>
        stall.CreateAsync($$"""
            { "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
              "metadata": { "name": "{{Pull(stall)}}", "namespace": "{{ns}}" },
              "data": { ".dockerconfigjson": "{{Config(password)}}" } }
            """, manager);

    private static async Task MeddleAsync(Stall stall)
    {
        if (await stall.FindAsync(Kinds.Secret, Pull(stall)) is null) await SecretAsync(stall, stall.Namespace, "theirs", "their-tool");
        else await stall.PatchAsync(Kinds.Secret, Pull(stall), Data("theirs"));
    }

    private static string Config(string password)
    {
        var auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"puller:{password}"));
        var config = new JsonObject
        {
            ["auths"] = new JsonObject { ["private.example"] = new JsonObject { ["auth"] = auth } },
        };
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(config.ToJsonString()));
    }

    private static async Task<bool> IsTrueAsync(Stall stall) =>
        IsValid(await stall.FindAsync(Kinds.Secret, Pull(stall)));

    private static async Task<int> CopiesAsync(Stall stall) =>
        (await stall.ListAsync(Kinds.Secret, $"{RefreshPullSecret.PreImage}=true")).Count;

    // Stands for cert-manager.
    private static Task IssueAsync(Stall stall, JsonObject live)
    {
        if (!live.HasCondition("Issuing")) return Task.CompletedTask;
        var revision = live.Whole("status", "revision")!.Value + 1;
        return stall.SetStatusAsync(Kinds.Certificate, "web", $$"""
            { "status": { "revision": {{revision}}, "notAfter": "{{Stamp(DateTimeOffset.UtcNow.AddDays(90))}}",
              "conditions": [ { "type": "Ready", "status": "True" }, { "type": "Issuing", "status": "False", "reason": "Issued" } ] } }
            """);
    }

    private static string Stamp(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
