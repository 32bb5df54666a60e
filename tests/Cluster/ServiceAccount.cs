using System.Text.Json.Nodes;

namespace Heal.Cluster.Tests;

/// <summary>The account under which <c>deploy/kubernetes</c> runs the healer, with the rights that its files give.</summary>
internal sealed class ServiceAccount : IAsyncDisposable
{
    private const string Name = "heal"; // as the bindings of deploy/kubernetes say

    private readonly string _folder = Directory.CreateTempSubdirectory("heal-account-").FullName;

    private ServiceAccount()
    {
    }

    /// <summary>A file with its token and nothing of the administrator's.</summary>
    public string Kubeconfig => Path.Combine(_folder, "kubeconfig");

    public static async Task<ServiceAccount> CreateAsync()
    {
        var account = new ServiceAccount();
        try
        {
            await Kubectl.ApplyAsync($"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {Name}}}");
            foreach (string file in new[] { "service-account.yaml", "roles.yaml", "observe.yaml" })
            {
                await Kubectl.RunAsync("apply", "-n", Name, "-f", Deployed(file));
            }

            await account.WriteKubeconfigAsync();
            return account;
        }
        catch
        {
            await account.DisposeAsync();
            throw;
        }
    }

    public Task<string> MayActInAsync(string ns) =>
        Kubectl.RunAsync("apply", "-n", ns, "-f", Deployed("namespace/role-binding.yaml"));

    /// <returns>yes or no.</returns>
    public async Task<string> CanAsync(string verb, string resource, string ns)
    {
        var review = new JsonObject
        {
            ["apiVersion"] = "authorization.k8s.io/v1",
            ["kind"] = "SubjectAccessReview",
            ["spec"] = new JsonObject
            {
                ["user"] = $"system:serviceaccount:{Name}:{Name}",
                ["resourceAttributes"] = new JsonObject
                {
                    ["verb"] = verb,
                    ["group"] = resource.Contains('.', StringComparison.Ordinal) ? resource[(resource.IndexOf('.') + 1)..] : "",
                    ["resource"] = resource.Split('.')[0],
                    ["namespace"] = ns,
                },
            },
        };
        JsonObject answer = await Kubectl.CreateRawAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
        return (bool)answer["status"]!["allowed"]! ? "yes" : "no";
    }

    public async ValueTask DisposeAsync()
    {
        await Kubectl.RunAsync(
            "delete", "--ignore-not-found", "--wait=false", "-f", Deployed("roles.yaml"), "-f", Deployed("observe.yaml"));
        await Kubectl.RunAsync("delete", "namespace", Name, "--ignore-not-found", "--wait=false");
        Directory.Delete(_folder, recursive: true);
    }

    private async Task WriteKubeconfigAsync()
    {
        var request = new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject { ["audiences"] = null },
        };
        JsonObject token = await Kubectl.CreateRawAsync($"/api/v1/namespaces/{Name}/serviceaccounts/{Name}/token", request);
        JsonObject config = JsonNode.Parse(await Kubectl.RunAsync("config", "view", "--raw", "--flatten", "--minify", "-o", "json"))!
            .AsObject();
        config["users"]![0]!["user"] = new JsonObject { ["token"] = (string)token["status"]!["token"]! };
        await File.WriteAllTextAsync(Kubeconfig, config.ToJsonString());
    }

    private static string Deployed(string file) => Path.Combine(Monitoring.Root, "deploy", "kubernetes", file);
}
