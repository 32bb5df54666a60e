using System.Text.Json.Nodes;

namespace Heal.Simulator.Objects;

/// <summary>The parts of <c>metadata</c> that the server and its controllers read all the time.</summary>
internal static class Metadata
{
    public static JsonObject Meta(this JsonObject o) => o.Ensure("metadata");

    public static string Name(this JsonObject o) => o.Text("metadata", "name") ?? "";

    public static string Namespace(this JsonObject o) => o.Text("metadata", "namespace") ?? "";

    public static string Uid(this JsonObject o) => o.Text("metadata", "uid") ?? "";

    public static bool IsDeleting(this JsonObject o) => o.Text("metadata", "deletionTimestamp") is not null;

    public static string? Label(this JsonObject o, string key) => o.Text("metadata", "labels", key);

    public static string? Annotation(this JsonObject o, string key) => o.Text("metadata", "annotations", key);

    public static IReadOnlyList<string> Finalizers(this JsonObject o)
        => o.At("metadata", "finalizers") is JsonArray a ? [.. a.Select(x => x?.ToString() ?? "")] : [];

    public static JsonObject? ControllerReference(this JsonObject o)
        => o.Items("metadata", "ownerReferences").FirstOrDefault(r => r.Flag("controller") == true);

    public static bool IsControlledBy(this JsonObject o, JsonObject owner) => o.ControllerReference().Text("uid") == owner.Uid();

    public static JsonObject ReferenceTo(JsonObject owner, bool controller) => new()
    {
        ["apiVersion"] = owner.Text("apiVersion"),
        ["kind"] = owner.Text("kind"),
        ["name"] = owner.Name(),
        ["uid"] = owner.Uid(),
        ["controller"] = controller,
        ["blockOwnerDeletion"] = controller,
    };
}
