using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Controllers;

/// <summary>Sets entries of <c>status.conditions</c>; the transition time moves only when the status does.</summary>
internal static class Conditions
{
    public static JsonObject? Find(JsonObject o, string type) =>
        o.Items("status", "conditions").FirstOrDefault(c => c.Text("type") == type);

    public static bool IsTrue(JsonObject o, string type) => Find(o, type).Text("status") == "True";

    public static void Set(JsonObject o, string type, bool value, string? reason, string? message, string now, bool touch = false)
    {
        var status = o.Ensure("status");
        if (status["conditions"] is not JsonArray list)
            status["conditions"] = list = [];
        var condition = Find(o, type);
        if (condition is null)
        {
            condition = new JsonObject { ["type"] = type };
            list.Add(condition);
        }
        var text = value ? "True" : "False";
        var moved = condition.Text("status") != text;
        var changed = moved || condition.Text("reason") != reason || condition.Text("message") != message;
        condition["status"] = text;
        if (moved)
            condition["lastTransitionTime"] = now;
        if (o.Text("kind") == "Deployment" && (changed || touch))
            condition["lastUpdateTime"] = now;
        SetOrRemove(condition, "reason", reason);
        SetOrRemove(condition, "message", message);
    }

    public static void Remove(JsonObject o, string type)
    {
        if (Find(o, type) is { } condition)
            (o.At("status", "conditions") as JsonArray)!.Remove(condition);
    }

    private static void SetOrRemove(JsonObject o, string name, string? value)
    {
        if (value is null)
            o.Remove(name);
        else
            o[name] = value;
    }
}
