using System.Text.Json;
using System.Text.Json.Nodes;

namespace Heal.Simulator;

/// <summary>The text of a kubeconfig for a simulator. JSON, which is YAML too.</summary>
public static class Kubeconfig
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static string For(string url, string? token = null, string ns = "default") => new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Config",
        ["current-context"] = "simulator",
        ["clusters"] = new JsonArray(new JsonObject { ["name"] = "simulator", ["cluster"] = new JsonObject { ["server"] = url } }),
        ["users"] = new JsonArray(new JsonObject
        {
            ["name"] = "simulator",
            ["user"] = token is null ? [] : new JsonObject { ["token"] = token },
        }),
        ["contexts"] = new JsonArray(new JsonObject
        {
            ["name"] = "simulator",
            ["context"] = new JsonObject { ["cluster"] = "simulator", ["user"] = "simulator", ["namespace"] = ns },
        }),
    }.ToJsonString(Indented);
}
