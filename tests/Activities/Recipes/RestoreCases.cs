using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Objects that somebody deleted, and copies of them in a Helm release and in a repository.</summary>
internal static class RestoreCases
{
    private static readonly string Password = Convert.ToBase64String("hunter2"u8);

    public static readonly RecipeCase[] All =
    [
        new("restore_deleted_object_from_helm", "restore_deleted_object")
        {
            Arrange = async stall =>
            {
                await SourceCases.ReleaseAsync(stall, 1, "superseded", [Manifest("Secret", "old")]);
                await SourceCases.ReleaseAsync(stall, 2, "deployed", [Manifest("Secret", "current")]);
                return await WaitingAsync(stall, """{"secretRef":{"name":"settings"}}""", "CreateContainerConfigError");
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.Secret, HelmRelease.SecretName("shop", 2), """{"metadata":{"labels":{"status":"failed"}}}""");
                return "no deployed Helm release and no file";
            },
            Effects = async stall => await stall.FindAsync(Kinds.Secret, "settings") is { } made
                && made.Text("data", "password") == Password && made.Text("data", "mode") == Convert.ToBase64String("current"u8)
                && made.Annotation("meta.helm.sh/release-name") == "shop" ? 1 : 0,
            Before = async stall => RecipeCase.Text((await stall.FindAsync(Kinds.Secret, "settings")).At("data")),
            Meddle = stall => MeddleAsync(stall, Kinds.Secret, "v1"),
        },
        new("restore_deleted_object_from_git", "restore_deleted_object")
        {
            Arrange = async stall =>
            {
                Repository(stall, $"---\nnot: [ a manifest\n", "broken.yaml");
                SourceCases.Commit(stall.Notes["remote"],
                    $"# settings\n---\n{Manifest("ConfigMap", "current").ToJsonString()}\n---\nkind: Other\n", "copy", "settings.yaml");
                return await WaitingAsync(stall, """{"configMapRef":{"name":"settings"}}""", "CreateContainerConfigError");
            },
            Spoil = stall =>
            {
                SourceCases.Commit(stall.Notes["remote"], "# nothing about settings any more\n", "gone", "settings.yaml");
                return Task.FromResult("no deployed Helm release and no file");
            },
            Effects = async stall =>
                (await stall.FindAsync(Kinds.ConfigMap, "settings")).Text("data", "mode") == "current" ? 1 : 0,
            Before = async stall => RecipeCase.Text((await stall.FindAsync(Kinds.ConfigMap, "settings")).At("data")),
            Meddle = stall => MeddleAsync(stall, Kinds.ConfigMap, "v1"),
        },
        new("restore_deleted_object_by_name", "restore_deleted_object")
        {
            Arrange = async stall =>
            {
                Repository(stall, """
                    apiVersion: rbac.authorization.k8s.io/v1
                    kind: RoleBinding
                    metadata: { name: settings }
                    roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
                    subjects: [ { kind: ServiceAccount, name: default } ]
                    """, "rights.yaml");
                await stall.DeployAsync("web", 1);
                return stall.Target(TargetKinds.Deployment, "web");
            },
            With = _ => new() { ["kind"] = "RoleBinding", ["name"] = "settings" },
            Spoil = async stall =>
            {
                await MeddleAsync(stall, Kinds.RoleBinding, "rbac.authorization.k8s.io/v1");
                return "settings is there";
            },
            Effects = async stall =>
                (await stall.FindAsync(Kinds.RoleBinding, "settings")).Text("roleRef", "name") == "view" ? 1 : 0,
            Before = async stall => RecipeCase.Text((await stall.FindAsync(Kinds.RoleBinding, "settings")).At("roleRef")),
            Meddle = stall => MeddleAsync(stall, Kinds.RoleBinding, "rbac.authorization.k8s.io/v1"),
        },
    ];

    private static JsonObject Manifest(string kind, string mode) => JsonNode.Parse(kind == "Secret"
        ? $$"""
            { "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "settings" },
              "data": { "password": "{{Password}}" }, "stringData": { "mode": "{{mode}}" } }
            """
        : $$"""
            { "apiVersion": "v1", "kind": "{{kind}}", "metadata": { "name": "settings" }, "data": { "mode": "{{mode}}" } }
            """)!.AsObject();

    private static void Repository(Stall stall, string content, string file)
    {
        var repository = stall.Notes["remote"] = Directory.CreateTempSubdirectory("heal-test-").FullName;
        SourceCases.Git(repository, "init", "--quiet", "--bare", "--initial-branch=main", ".");
        SourceCases.Commit(repository, content, "first", file);
        stall.Sources.Git[stall.Namespace] = new GitSourceSettings { Remote = repository };
    }

    private static async Task<TargetReference> WaitingAsync(Stall stall, string source, string reason)
    {
        await stall.CreateInAsync($$"""
            { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
              "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "web" } },
                "template": { "metadata": { "labels": { "app": "web" } },
                  "spec": { "containers": [ { "name": "app", "image": "registry.example/app:1.0", "envFrom": [ {{source}} ] } ] } } } }
            """);
        await stall.UntilAnyAsync(Kinds.Pod, pod => pod.Items("status", "containerStatuses").Any(status =>
            status.Text("state", "waiting", "reason") == reason));
        return stall.Target(TargetKinds.Deployment, "web");
    }

    private static async Task MeddleAsync(Stall stall, ResourceKind kind, string apiVersion)
    {
        if (await stall.FindAsync(kind, "settings") is null)
        {
            var content = kind == Kinds.RoleBinding
                ? """ "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "theirs" } """
                : """ "data": { "mode": "dGhlaXJz" } """;
            await stall.CreateInAsync($$"""
                { "apiVersion": "{{apiVersion}}", "kind": "{{kind.Kind}}", "metadata": { "name": "settings" }, {{content}} }
                """, "their-tool");
        }
        else await stall.PatchAsync(kind, "settings", """{"metadata":{"labels":{"theirs":"yes"}}}""");
    }
}
