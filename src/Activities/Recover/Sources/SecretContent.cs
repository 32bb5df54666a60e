using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>What a Secret holds, told without telling it.</summary>
internal static class SecretContent
{
    public const string DockerConfig = "kubernetes.io/dockerconfigjson";

    // Short on purpose: enough to see a change, too little to search for what was hashed.
    private const int HashBytes = 8;

    public static string Hash(JsonObject secret)
    {
        var text = new StringBuilder(secret.Text("type")).Append('\0');
        foreach (var (key, value) in secret.Texts("data").OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            text.Append(key).Append('\0').Append(value).Append('\0');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, HashBytes));
    }

    /// <summary>Whether a pull secret has credentials for the registry of an image; false also when it is none.</summary>
    public static bool Serves(JsonObject secret, string image)
    {
        if (secret.Text("type") != DockerConfig || secret.Text("data", ".dockerconfigjson") is not { } data) return false;
        try
        {
            var registry = RegistryOf(image);
            return JsonNode.Parse(Convert.FromBase64String(data)).At("auths") is JsonObject auths
                && auths.Any(entry => HostOf(entry.Key) == registry || IsPattern(entry.Key, registry));
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return false;
        }
    }

    /// <summary>The host of an image's registry, its port included.</summary>
    public static string RegistryOf(string image)
    {
        var first = image.Split('/')[0];
        return image.Contains('/', StringComparison.Ordinal) && (first.Contains('.', StringComparison.Ordinal)
            || first.Contains(':', StringComparison.Ordinal) || first == "localhost") ? first : "docker.io";
    }

    private static string HostOf(string entry)
    {
        var scheme = entry.IndexOf("://", StringComparison.Ordinal);
        var host = (scheme >= 0 ? entry[(scheme + 3)..] : entry).Split('/')[0];
        return host == "index.docker.io" ? "docker.io" : host;
    }

    // The kubelet takes *.example.org for each host right below example.org.
    private static bool IsPattern(string entry, string registry) =>
        HostOf(entry).StartsWith("*.", StringComparison.Ordinal) && registry.Split('.', 2) is [_, var rest] && HostOf(entry)[2..] == rest;
}
