using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker.Http.OpenApi;

/// <summary>One HTTP function as OpenAPI operations: one for each method, on each path that its route stands for.</summary>
internal static class OpenApiOperations
{
    public const string KeyInHeader = "functionKey";
    public const string KeyInQuery = "functionKeyInQuery";

    private static readonly string[] EveryMethod = ["get", "post", "put", "patch", "delete", "head", "options"];
    private static readonly string[] MethodsWithBody = ["post", "put", "patch"];
    private static readonly Type[] Requests = [typeof(HttpRequest), typeof(HttpContext), typeof(HttpRequestData)];
    private static readonly Type[] NotBound = [.. Requests, typeof(FunctionContext), typeof(CancellationToken)];
    private static readonly Type[] Responses = [typeof(IResult), typeof(IActionResult), typeof(HttpResponseData)];

    private static readonly Type[] WithoutResult = [typeof(void), typeof(Task), typeof(ValueTask)];

    public static void AddTo(JsonObject paths, HttpRoute route, OpenApiSchemas schemas)
    {
        string[] methods = route.Trigger.Methods is { Length: > 0 } some ? [.. some.Select(static m => m.ToLowerInvariant())] : EveryMethod;
        foreach (OpenApiPath path in OpenApiPath.Of(route.Pattern))
        {
            foreach (string method in methods)
            {
                string name = methods.Length == 1 ? route.Function.Name : $"{route.Function.Name}_{method}";
                JsonObject operation = Describe(route, path, method, path.IsShort ? name + "_short" : name, schemas);
                Place(paths, path.Text, method, route.Function.Name)[method] = operation;
            }
        }
    }

    // Two routes that differ by their constraints only are one path here: the later one is told apart by a fragment.
    private static JsonObject Place(JsonObject paths, string path, string method, string function)
    {
        string key = (paths[path] as JsonObject)?.ContainsKey(method) == true ? $"{path}#{function}" : path;
        if (paths[key] is not JsonObject item)
        {
            paths[key] = item = [];
        }

        return item;
    }

    private static JsonObject Describe(HttpRoute route, OpenApiPath path, string method, string id, OpenApiSchemas schemas)
    {
        var parameters = new JsonArray([.. path.Parameters.Select(p => PathParameter(p, route.Function, schemas))]);
        foreach (FunctionParameter query in QueryParameters(route))
        {
            parameters.Add(new JsonObject
            {
                ["name"] = query.Name,
                ["in"] = "query",
                ["required"] = !query.HasDefaultValue && !query.IsReferenceOrNullableType,
                ["schema"] = schemas.Of(query.Type),
            });
        }

        var operation = new JsonObject
        {
            ["operationId"] = id,
            ["tags"] = new JsonArray(route.Function.Name),
            ["summary"] = $"Function {route.Function.Name}",
            ["parameters"] = parameters,
            ["responses"] = ResponsesOf(route, schemas),
        };
        if (Body(route.Function, method, schemas) is { } body)
        {
            operation["requestBody"] = body;
        }

        if (route.Trigger.AuthLevel != AuthorizationLevel.Anonymous)
        {
            operation["description"] = $"Needs a key of level {route.Trigger.AuthLevel}.";
            operation["security"] = new JsonArray(
                new JsonObject { [KeyInHeader] = new JsonArray() }, new JsonObject { [KeyInQuery] = new JsonArray() });
        }

        return operation;
    }

    private static JsonObject PathParameter(OpenApiPathParameter parameter, FunctionDescriptor function, OpenApiSchemas schemas)
    {
        Type? type = function.Parameters
            .FirstOrDefault(p => string.Equals(p.Name, parameter.Name, StringComparison.OrdinalIgnoreCase))?.Type;
        JsonObject schema = type is not null && schemas.Of(type) is JsonObject typed ? typed : [];
        foreach ((string name, JsonNode? value) in parameter.Constraints)
        {
            schema[name] = value?.DeepClone();
        }

        if (schema.Count == 0)
        {
            schema["type"] = "string";
        }

        return new() { ["name"] = parameter.Name, ["in"] = "path", ["required"] = true, ["schema"] = schema };
    }

    private static IEnumerable<FunctionParameter> QueryParameters(HttpRoute route)
    {
        var inRoute = route.Pattern.Parameters.Select(static p => p.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return route.Function.Bindings
            .Where(static b => b.Attribute is null && b.Converters.IsEmpty)
            .Select(static b => b.Parameter)
            .Where(p => !NotBound.Contains(p.Type) && !inRoute.Contains(p.Name));
    }

    private static JsonObject? Body(FunctionDescriptor function, string method, OpenApiSchemas schemas)
    {
        ParameterDescriptor? body = function.Bindings.FirstOrDefault(static b => b.Converters.Contains(typeof(RequestBodyConverter)))
            ?? (Requests.Contains(function.TriggerParameter.Parameter.Type) ? null : function.TriggerParameter);
        if (body is null)
        {
            // The function reads the request itself: it may take anything.
            return MethodsWithBody.Contains(method, StringComparer.Ordinal)
                ? new() { ["required"] = false, ["content"] = new JsonObject { ["*/*"] = new JsonObject() } }
                : null;
        }

        string mediaType = body.Parameter.Type == typeof(string) ? "text/plain" : "application/json";
        return new() { ["required"] = true, ["content"] = Content(mediaType, schemas.Of(body.Parameter.Type)) };
    }

    private static JsonObject ResponsesOf(HttpRoute route, OpenApiSchemas schemas)
    {
        Type type = DurableFunctions.OutputType(route.Function.Method);
        bool hasResult = !WithoutResult.Contains(route.Function.Method.ReturnType);
        JsonObject responses = !hasResult ? new() { ["204"] = new JsonObject { ["description"] = "No content" } }
            : IsSentByItself(type) ? new() { ["200"] = new JsonObject { ["description"] = "What the function answers" } }
            : new()
            {
                ["200"] = new JsonObject
                {
                    ["description"] = "OK",
                    ["content"] = Content(type == typeof(string) ? "text/plain" : "application/json", schemas.Of(type)),
                },
            };
        if (route.Trigger.AuthLevel != AuthorizationLevel.Anonymous)
        {
            responses["401"] = Failure("No key, or not the right one");
        }

        responses["default"] = Failure("A failure");
        return responses;
    }

    // Also of a class with several outputs, of which one is the response.
    private static bool IsSentByItself(Type type) => Responses.Any(r => r.IsAssignableFrom(type))
        || type.GetProperties().Any(static p => Responses.Any(r => r.IsAssignableFrom(p.PropertyType)));

    private static JsonObject Failure(string description) => new()
    {
        ["description"] = description,
        ["content"] = Content("application/problem+json", OpenApiSchemas.Reference(OpenApiSchemas.Problem)),
    };

    private static JsonObject Content(string mediaType, JsonNode schema) => new() { [mediaType] = new JsonObject { ["schema"] = schema } };
}
