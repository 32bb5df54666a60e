using System.Text.Json.Nodes;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>
/// Reads the pod template of a workload. The template stays JSON, bit for bit what the server holds: a rollback must put back all of it.
/// </summary>
public static class PodTemplate
{
    public const string HashLabel = "pod-template-hash";

    /// <summary>The template's pod spec, typed.</summary>
    /// <exception cref="System.Text.Json.JsonException">It is not a pod spec.</exception>
    public static PodSpec Spec(JsonObject template) =>
        template["spec"] is { } spec ? KubernetesJson.FromNode<PodSpec>(spec) : new PodSpec();

    /// <summary>The template's metadata, typed.</summary>
    public static ObjectMeta Metadata(JsonObject template) =>
        template["metadata"] is { } metadata ? KubernetesJson.FromNode<ObjectMeta>(metadata) : new ObjectMeta();

    /// <summary>A copy without the hash label, which the controller adds to a ReplicaSet's template.</summary>
    public static JsonObject WithoutHash(JsonObject template)
    {
        var copy = template.DeepClone().AsObject();
        (copy["metadata"]?["labels"] as JsonObject)?.Remove(HashLabel);
        return copy;
    }

    /// <summary>Whether two templates are the same but for the hash label.</summary>
    public static bool Same(JsonObject left, JsonObject right) => JsonNode.DeepEquals(WithoutHash(left), WithoutHash(right));
}
