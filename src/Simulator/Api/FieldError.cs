using System.Text.Json.Nodes;

namespace Heal.Simulator.Api;

/// <summary>One cause of a 422 answer: which field, why, in the wording of the real server.</summary>
internal sealed record FieldError(string Reason, string Field, string Message)
{
    public static FieldError Required(string field, string hint = "")
        => new("FieldValueRequired", field, hint.Length == 0 ? "Required value" : $"Required value: {hint}");

    public static FieldError Invalid(string field, JsonNode? value, string why)
        => new("FieldValueInvalid", field, $"Invalid value: {value?.ToJsonString() ?? "null"}: {why}");

    public static FieldError Duplicate(string field, string value) => new("FieldValueDuplicate", field, $"Duplicate value: \"{value}\"");

    public static FieldError Forbidden(string field, string why) => new("FieldValueForbidden", field, $"Forbidden: {why}");

    public static FieldError NotSupported(string field, string value, params IEnumerable<string> supported)
        => new("FieldValueNotSupported", field,
            $"Unsupported value: \"{value}\": supported values: {string.Join(", ", supported.Select(s => $"\"{s}\""))}");

    public JsonNode ToCause() => new JsonObject { ["reason"] = Reason, ["message"] = Message, ["field"] = Field };
}
