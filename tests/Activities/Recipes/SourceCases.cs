using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Actions on the sources of workloads: a Helm release's books, and a repository that a GitOps tool follows.</summary>
internal static class SourceCases
{
    public static readonly RecipeCase[] All =
    [
        new("helm_rollback", "helm_rollback")
        {
            Arrange = async stall =>
            {
                await stall.CreateInAsync(Manifest(stall, "registry.example/app:missing", "2", "broken")[0].ToJsonString());
                var body = Manifest(stall, "registry.example/app:missing", "2", "broken")[1];
                await stall.CreateInAsync(body.ToJsonString(), "helm");
                await ReleaseAsync(stall, 1, "superseded", Manifest(stall, "registry.example/app:1.0", "1", "normal"));
                await ReleaseAsync(stall, 2, "deployed", Manifest(stall, "registry.example/app:missing", "2", "broken"));
                await stall.UntilAsync(Kinds.Deployment, "web", live => live.Whole("status", "observedGeneration") >= 1);
                return stall.Target(TargetKinds.Deployment, "web");
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.Secret, HelmRelease.SecretName("shop", 1), """{"metadata":{"labels":{"status":"failed"}}}""");
                return "no earlier revision was ever deployed";
            },
            Effects = async stall =>
            {
                var live = await stall.GetAsync(Kinds.Deployment, "web");
                var back = live.Items("spec", "template", "spec", "containers").First().Text("image") == "registry.example/app:1.0";
                var revisions = (await stall.ListAsync(Kinds.Secret, "owner=helm")).Count - 2;
                return back && revisions == 1 ? 1 : back ? -1 : revisions;
            },
            Before = async stall => RecipeCase.Text(
                (await stall.GetAsync(Kinds.Deployment, "web")).At("spec", "template"),
                (await stall.GetAsync(Kinds.ConfigMap, "settings")).At("data")),
        },
        Reverted("git_revert", ArgoAsync, "web.yaml"),
        Reverted("git_revert_of_a_config_map", FluxAsync, "settings.yaml"),
    ];

    /// <summary>A Deployment that Argo CD keeps, by an Application of the test's own namespace.</summary>
    public static async Task<TargetReference> ArgoAsync(Stall stall)
    {
        OpenRepository(stall, "web.yaml", "image: registry.example/app:1.0\n", "image: registry.example/app:missing\n");
        await stall.DeployAsync("web", 2, "registry.example/app:missing", $$"""
            { "metadata": { "annotations": {
              "argocd.argoproj.io/tracking-id": "{{stall.Namespace}}_shop:apps/Deployment:{{stall.Namespace}}/web" } } }
            """);
        await stall.CreateInAsync("""{"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{"name":"shop"}}""");
        await SayComparedAsync(stall, stall.Notes["bad"], "Synced");
        _ = FollowAsync(stall, async head =>
        {
            var image = Git(stall.Notes["remote"], "show", $"{head}:web.yaml").Split(": ")[1];
            await SayComparedAsync(stall, head, "OutOfSync");
            await stall.PatchAsync(Kinds.Deployment, "web",
                $$"""{ "spec": { "template": { "spec": { "containers": [ { "name": "app", "image": "{{image}}" } ] } } } }""",
                "argocd-controller");
            await SayComparedAsync(stall, head, "Synced");
        });
        return stall.Target(TargetKinds.Deployment, "web");
    }

    /// <summary>A Deployment whose settings Flux keeps in a ConfigMap: a commit changes these, and nothing of the Deployment.</summary>
    public static async Task<TargetReference> FluxAsync(Stall stall)
    {
        var target = await FluxWithoutToolAsync(stall);
        _ = FollowAsync(stall, async head =>
        {
            var mode = Git(stall.Notes["remote"], "show", $"{head}:settings.yaml").Split(": ")[1];
            await stall.PatchAsync(Kinds.ConfigMap, "settings", $$"""{ "data": { "mode": "{{mode}}" } }""", "kustomize-controller");
            await SayAppliedAsync(stall, head);
        });
        return target;
    }

    /// <summary>As <see cref="FluxAsync"/>, where the tool does nothing.</summary>
    public static async Task<TargetReference> FluxWithoutToolAsync(Stall stall)
    {
        OpenRepository(stall, "settings.yaml", "mode: normal\n", "mode: broken\n");
        await stall.CreateInAsync("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"mode":"broken"}}""");
        await stall.DeployAsync("web", 2, extra: $$"""
            { "metadata": { "labels": { "kustomize.toolkit.fluxcd.io/name": "shop",
              "kustomize.toolkit.fluxcd.io/namespace": "{{stall.Namespace}}" } } }
            """);
        await stall.CreateInAsync("""
            {"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization","metadata":{"name":"shop"},"spec":{"prune":true}}
            """);
        await SayAppliedAsync(stall, stall.Notes["bad"]);
        return stall.Target(TargetKinds.Deployment, "web");
    }

    /// <summary>The tool says that a commit is in the cluster.</summary>
    public static Task SayAppliedAsync(Stall stall, string commit) => stall.SetStatusAsync(
        Kustomization, "shop", $$"""{ "status": { "lastAppliedRevision": "main@sha1:{{commit}}" } }""");

    private static Task<KubernetesObject> SayComparedAsync(Stall stall, string commit, string status) => stall.SetStatusAsync(
        Application, "shop", $$"""{ "status": { "sync": { "status": "{{status}}", "revision": "{{commit}}" } } }""");

    private static readonly ResourceKind Application = new("argoproj.io", "Application");
    private static readonly ResourceKind Kustomization = new("kustomize.toolkit.fluxcd.io", "Kustomization");

    private static RecipeCase Reverted(string name, Func<Stall, Task<TargetReference>> arrange, string file) => new(name, "git_revert")
    {
        WritesToCluster = false,
        Arrange = arrange,
        With = stall => new() { ["remote"] = stall.Notes["remote"], ["path"] = file, ["within"] = "1h" },
        Spoil = async stall =>
        {
            await stall.PatchAsync(Kinds.Deployment, "web", """
                {"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":null},"labels":{"kustomize.toolkit.fluxcd.io/name":null}}}
                """);
            return "no GitOps tool owns it";
        },
        Effects = stall => Task.FromResult(int.Parse(
            Git(stall.Notes["remote"], "rev-list", "--count", "--grep", "Heal-Operation:", "main"), CultureInfo.InvariantCulture)),
        Before = stall => Task.FromResult(Git(stall.Notes["remote"], "show", $"main:{file}")),
    };

    private static void OpenRepository(Stall stall, string file, string good, string bad)
    {
        var repository = stall.Notes["remote"] = Directory.CreateTempSubdirectory("heal-test-").FullName;
        Git(repository, "init", "--quiet", "--bare", "--initial-branch=main", ".");
        AddHook(repository, "post-receive", DeadlyWrites.Hook);
        Commit(repository, good, "first", file);
        stall.Notes["bad"] = Commit(repository, bad, "second", file);
    }

    private static JsonObject[] Manifest(Stall stall, string image, string version, string mode) =>
    [
        JsonNode.Parse($$"""
            { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings" }, "data": { "mode": "{{mode}}", "kept": "yes" } }
            """)!.AsObject(),
        stall.Place(JsonNode.Parse($$"""
            { "apiVersion": "apps/v1", "kind": "Deployment",
              "metadata": { "name": "web", "labels": { "app": "web", "app.kubernetes.io/managed-by": "Helm" },
                "annotations": { "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "{{stall.Namespace}}" } },
              "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "web" } },
                "template": { "metadata": { "labels": { "app": "web" }, "annotations": { "version": "{{version}}" } },
                  "spec": { "containers": [ { "name": "app", "image": "{{image}}" } ] } } } }
            """)!.AsObject()),
    ];

    public static async Task<JsonObject> ReleaseAsync(Stall stall, int version, string status, JsonObject[] manifest)
    {
        // JSON is YAML: what Helm renders from templates may be written either way.
        var text = string.Concat(manifest.Select(item => $"---\n{item.ToJsonString()}\n"));
        var content = new JsonObject
        {
            ["name"] = "shop", ["version"] = version, ["namespace"] = stall.Namespace, ["manifest"] = text, ["config"] = new JsonObject(),
            ["chart"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["apiVersion"] = "v2", ["name"] = "shop", ["version"] = $"0.{version}.0" },
            },
            ["info"] = new JsonObject
            {
                ["status"] = status, ["first_deployed"] = "2026-01-01T00:00:00Z", ["last_deployed"] = $"2026-01-0{version}T00:00:00Z",
                ["deleted"] = "", ["description"] = version == 1 ? "Install complete" : "Upgrade complete",
            },
        };
        return await stall.CreateInAsync($$"""
            { "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
              "metadata": { "name": "{{HelmRelease.SecretName("shop", version)}}",
                "labels": {
                  "owner": "helm", "name": "shop", "status": "{{status}}", "version": "{{version}}", "createdAt": "1767225600" } },
              "data": { "release": "{{await PackAsync(content.ToJsonString())}}" } }
            """, "helm");
    }

    /// <summary>As Helm packs a release, by other programs than ours. Helm itself is in no feed of these tests.</summary>
    public static Task<string> PackAsync(string plain) => FilterAsync("gzip -c | base64 -w0 | base64 -w0", plain);

    /// <summary>What is in a packed release, by those programs.</summary>
    public static Task<string> UnpackAsync(string packed) => FilterAsync("base64 -d | base64 -d | gzip -dc", packed);

    private static async Task<string> FilterAsync(string script, string text)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", script])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        await process.StandardInput.WriteAsync(text);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return await output;
    }

    // Stands for the GitOps tool: what the branch says is what the cluster gets.
    private static async Task FollowAsync(Stall stall, Func<string, Task> bring)
    {
        try
        {
            var seen = stall.Notes["bad"];
            while (Directory.Exists(stall.Notes["remote"]))
            {
                var head = Git(stall.Notes["remote"], "rev-parse", "main");
                if (head != seen) await bring(seen = head);
                await Task.Delay(TimeSpan.FromMilliseconds(200));
            }
        }
        catch (Exception e) when (e is KubernetesUnreachableException or ObjectDisposedException or OperationCanceledException
            or InvalidOperationException)
        {
            // The cluster of the test is gone.
        }
    }

    public static string Commit(string repository, string content, string message, string file = "web.yaml")
    {
        var work = Directory.CreateTempSubdirectory("heal-test-").FullName;
        try
        {
            Git(work, "clone", "--quiet", repository, ".");
            Git(work, "checkout", "--quiet", "-B", "main");
            File.WriteAllText(Path.Combine(work, file), content);
            Git(work, "add", ".");
            Git(work, "-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "commit", "--quiet", "-m", message);
            Git(work, "push", "--quiet", "origin", "main");
            return Git(work, "rev-parse", "HEAD");
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    public static void AddHook(string repository, string name, string script)
    {
        var hook = Path.Combine(repository, "hooks", name);
        Directory.CreateDirectory(Path.GetDirectoryName(hook)!);
        File.WriteAllText(hook, script);
        const UnixFileMode Runs = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(hook, Runs);
    }

    public static string Git(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException($"git {arguments[0]}: {errors.Result}");
    }
}
