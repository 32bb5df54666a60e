using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Kubelet;

/// <summary>Whether a pod brings what a registry asks for. Only those whose host begins with "private." ask for anything.</summary>
internal static class PullCredentials
{
    private static readonly string Valid = Convert.ToBase64String(Encoding.UTF8.GetBytes("puller:valid"));

    public static string? Objection(ObjectStore store, JsonObject pod, string image)
    {
        var host = image.Split('/')[0];
        if (!host.StartsWith("private.", StringComparison.Ordinal))
            return null;
        var secrets = pod.Items("spec", "imagePullSecrets")
            .Select(s => store.Find(ResourceCatalog.Secrets, pod.Namespace(), s.Text("name") ?? "")?.Json);
        return secrets.Any(s => s is not null && Has(s, host)) ? null
            : "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: "
                + "authorization failed";
    }

    private static bool Has(JsonObject secret, string host)
    {
        try
        {
            var config = JsonNode.Parse(Convert.FromBase64String(secret.Text("data", ".dockerconfigjson") ?? "")) as JsonObject;
            return config?.Text("auths", host, "auth") == Valid;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return false;
        }
    }
}
