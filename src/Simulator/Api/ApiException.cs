using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Api;

/// <summary>A refusal that the client gets as a <c>Status</c> object with the matching HTTP code.</summary>
internal sealed class ApiException(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    public int Code { get; } = code;
    public string Reason { get; } = reason;

    /// <summary>Seconds that the client should wait before it tries again; sent as Retry-After.</summary>
    public int? RetryAfterSeconds { get; init; }

    public JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = Message,
            ["reason"] = Reason,
        };
        var shown = details?.Copy() ?? [];
        if (RetryAfterSeconds is { } seconds)
            shown["retryAfterSeconds"] = seconds;
        if (shown.Count > 0)
            status["details"] = shown;
        status["code"] = Code;
        return status;
    }

    public static ApiException NotFound(ResourceType type, string name)
        => new(404, "NotFound", $"{type.GroupResource} \"{name}\" not found", Details(type, name));

    public static ApiException PathNotFound() => new(404, "NotFound", "the server could not find the requested resource", []);

    public static ApiException AlreadyExists(ResourceType type, string name)
        => new(409, "AlreadyExists", $"{type.GroupResource} \"{name}\" already exists", Details(type, name));

    public static ApiException Conflict(ResourceType type, string name, string why)
        => new(409, "Conflict", $"Operation cannot be fulfilled on {type.GroupResource} \"{name}\": {why}", Details(type, name));

    public static ApiException Modified(ResourceType type, string name)
        => Conflict(type, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static ApiException Forbidden(ResourceType type, string name, string why)
        => new(403, "Forbidden", $"{type.GroupResource} \"{name}\" is forbidden: {why}", Details(type, name));

    public static ApiException BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiException Unprocessable(string message) => new(422, "Invalid", message);

    public static ApiException Expired(string message) => new(410, "Expired", message);

    public static ApiException FutureVersion(long version, long current) =>
        new(504, "Timeout", $"Too large resource version: {version}, current: {current}") { RetryAfterSeconds = 1 };

    public static ApiException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static ApiException MethodNotAllowed()
        => new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static ApiException UnsupportedMediaType(string? got, string expected)
        => new(
            415,
            "UnsupportedMediaType",
            $"the body of the request was in an unknown format ({got ?? "none"}) - accepted media types include: {expected}");

    public static ApiException TooLarge(long limit)
        => new(413, "RequestEntityTooLarge", $"request body is too large: the limit is {limit} bytes");

    public static ApiException Invalid(ResourceType type, string name, IReadOnlyList<FieldError> errors)
    {
        var details = Details(type, name);
        details["kind"] = type.Kind;
        return Invalid(type.GroupKind, details, name, errors);
    }

    /// <summary>What a request asks for by its query is not possible.</summary>
    public static ApiException InvalidOptions(string kind, IReadOnlyList<FieldError> errors) =>
        Invalid($"{kind}.meta.k8s.io", new JsonObject { ["group"] = "meta.k8s.io", ["kind"] = kind }, "", errors);

    /// <summary>What a patch makes is no object of the kind.</summary>
    public static ApiException InvalidPatch(IReadOnlyList<FieldError> errors) => Invalid("", [], "", errors);

    public static JsonObject Details(ResourceType type, string name)
    {
        var details = new JsonObject { ["name"] = name };
        if (type.Group.Length > 0)
            details["group"] = type.Group;
        details["kind"] = type.Plural;
        return details;
    }

    private static ApiException Invalid(string kind, JsonObject details, string name, IReadOnlyList<FieldError> errors)
    {
        var texts = errors.Select(e => $"{e.Field}: {e.Message}").ToList();
        var list = texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        details["causes"] = new JsonArray([.. errors.Select(e => e.ToCause())]);
        return new ApiException(422, "Invalid", $"{kind} \"{name}\" is invalid: {list}", details);
    }
}
