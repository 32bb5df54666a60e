using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Http.OpenApi;

/// <summary>
/// <c>GET /{routePrefix}/openapi/v3.json</c>: the HTTP functions that are enabled, as an OpenAPI 3.1 document. Needs the master key unless
/// <c>FUNCTIONS_OPENAPI</c> says otherwise. Made when it is first asked for: it costs no start.
/// </summary>
internal sealed class OpenApiEndpoint(HostPlan plan, KeyGate gate, IOptions<JsonOptions> json, IHostEnvironment environment)
{
    private readonly Lazy<byte[]> _document = new(() => Make(plan, json.Value, environment.ApplicationName));

    public void Map(IEndpointRouteBuilder endpoints)
    {
        bool isPublic = plan.Settings.Server.OpenApi == OpenApiAccess.Anonymous;
        AuthorizationLevel level = isPublic ? AuthorizationLevel.Anonymous : AuthorizationLevel.Admin;
        string path = plan.Settings.RoutePrefix.Length == 0 ? "/openapi/v3.json" : $"/{plan.Settings.RoutePrefix}/openapi/v3.json";
        // A function that claims the same path has it.
        bool isTaken = plan.Routes.Any(r => string.Equals(r.Template, path, StringComparison.OrdinalIgnoreCase));
        if (plan.Settings.Server.OpenApi != OpenApiAccess.Off && !isTaken)
        {
            endpoints.MapGet(path, gate.Guard(level, function: null, SendAsync)).WithDisplayName("OpenAPI document");
        }
    }

    private async Task SendAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(_document.Value, http.RequestAborted);
    }

    private static byte[] Make(HostPlan plan, JsonOptions json, string application)
    {
        string? version = Assembly.Load(application).GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        var schemas = new OpenApiSchemas(json.SerializerOptions);
        var paths = new JsonObject();
        foreach (HttpRoute route in plan.Routes)
        {
            OpenApiOperations.AddTo(paths, route, schemas);
        }

        var document = new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject { ["title"] = application, ["version"] = version ?? "1.0.0" },
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = schemas.Named,
                ["securitySchemes"] = new JsonObject
                {
                    [OpenApiOperations.KeyInHeader] = Scheme("header", "x-functions-key"),
                    [OpenApiOperations.KeyInQuery] = Scheme("query", "code"),
                },
            },
        };
        return System.Text.Encoding.UTF8.GetBytes(document.ToJsonString());
    }

    private static JsonObject Scheme(string place, string name) => new() { ["type"] = "apiKey", ["in"] = place, ["name"] = name };
}
