using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Heal.Cluster.Tests;

/// <summary>The machine's kubectl on the real cluster: what a person would see and do, independent of our own driver.</summary>
internal static class Kubectl
{
    public static string Kubeconfig => TestServices.Required(TestServices.Kubeconfig);

    public static Task<string> RunAsync(params IReadOnlyList<string> arguments) =>
        Command.RunAsync("kubectl", arguments, null, Environment);

    /// <summary>Started, and ended by the caller.</summary>
    public static Process Start(params IReadOnlyList<string> arguments) => Command.Start("kubectl", arguments, Environment);

    public static async Task<JsonObject> GetAsync(params IReadOnlyList<string> arguments) =>
        JsonNode.Parse(await RunAsync(["get", "-o", "json", .. arguments]))!.AsObject();

    /// <summary>Whether the server has this group and version.</summary>
    public static async Task<bool> ServesAsync(string groupVersion) =>
        (await RunAsync("api-versions")).Split('\n').Contains(groupVersion, StringComparer.Ordinal);

    public static Task ApplyAsync(string yaml) => Command.RunAsync("kubectl", ["apply", "-f", "-"], yaml, Environment);

    /// <summary>Puts an object to a path of the API, as to a subresource that kubectl has no word for.</summary>
    public static Task ReplaceRawAsync(string path, JsonObject body) =>
        Command.RunAsync("kubectl", ["replace", "--raw", path, "-f", "-"], body.ToJsonString(), Environment);

    /// <summary>Posts an object to a path of the API, and gives the server's answer.</summary>
    public static async Task<JsonObject> CreateRawAsync(string path, JsonObject body) => JsonNode.Parse(
        await Command.RunAsync("kubectl", ["create", "--raw", path, "-f", "-"], body.ToJsonString(), Environment))!.AsObject();

    /// <summary>Watches an object and returns the first text that is found at a path of it, such as <c>.status.phase</c>.</summary>
    public static async Task<string> UntilTextAsync(string ns, string resource, string path, TimeSpan timeout)
    {
        using Process watch = Command.Start(
            "kubectl", ["get", resource, "-n", ns, "--watch", "-o", $$"""jsonpath={{{path}}}{"\n"}"""], Environment);
        using var limit = new CancellationTokenSource(timeout);
        try
        {
            while (await watch.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.Length > 0)
                {
                    return line;
                }
            }

            throw new InvalidOperationException($"The watch of {resource} ended: {await watch.StandardError.ReadToEndAsync(limit.Token)}");
        }
        catch (OperationCanceledException late)
        {
            throw new TimeoutException($"{resource} in {ns} had no {path} within {timeout}.", late);
        }
        finally
        {
            watch.Kill(entireProcessTree: true);
        }
    }

    private static Dictionary<string, string> Environment => new(StringComparer.Ordinal) { ["KUBECONFIG"] = Kubeconfig };
}
