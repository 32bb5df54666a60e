using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Controllers;

/// <summary>How far a rolling update may go: pure arithmetic over counts.</summary>
internal static class RolloutMath
{
    /// <summary>A whole number or a percentage of the replicas; surge rounds up, unavailability down.</summary>
    public static int Resolve(JsonNode? value, int replicas, bool roundUp)
    {
        if (value is JsonValue v && v.GetValueKind() == JsonValueKind.String && v.GetValue<string>() is var text && text.EndsWith('%'))
        {
            var share = double.TryParse(text[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out var percent)
                ? replicas * percent / 100
                : 0;
            return (int)(roundUp ? Math.Ceiling(share) : Math.Floor(share));
        }
        return (int)(new JsonObject { ["v"] = value?.DeepClone() }.Number("v") ?? 0);
    }

    public static (int Surge, int Unavailable) Limits(JsonObject deployment)
    {
        var replicas = (int)(deployment.Number("spec", "replicas") ?? 1);
        if (deployment.Text("spec", "strategy", "type") == "Recreate")
            return (0, replicas);
        var surge = Resolve(deployment.At("spec", "strategy", "rollingUpdate", "maxSurge"), replicas, roundUp: true);
        var unavailable = Resolve(deployment.At("spec", "strategy", "rollingUpdate", "maxUnavailable"), replicas, roundUp: false);
        // With both zero nothing could ever move.
        return (surge, surge == 0 && unavailable == 0 ? 1 : Math.Min(unavailable, replicas));
    }

    /// <summary>Replicas that the new set should have now.</summary>
    public static int NewReplicas(int wanted, int surge, int newNow, int total)
        => newNow >= wanted ? wanted : Math.Min(wanted, newNow + Math.Max(0, wanted + surge - total));

    /// <summary>How many old pods may go now, without counting those that are not available anyway.</summary>
    public static int OldToRemove(int wanted, int unavailable, int total, int newNow, int newAvailable)
        => Math.Max(0, total - (wanted - unavailable) - (newNow - newAvailable));
}
