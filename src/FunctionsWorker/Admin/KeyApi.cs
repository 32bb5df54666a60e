using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Admin;

/// <summary>
/// The key management API of the official host, behind the master key: <c>/admin/host/keys</c> (also <c>functionkeys</c>),
/// <c>/admin/host/systemkeys</c>, <c>/admin/functions/{function}/keys</c>, each with <c>/{name}</c>. GET tells names, never values: the
/// store has none. PUT and POST tell the value they have set.
/// </summary>
internal sealed partial class KeyApi(KeyAdmin keys, KeyRefresher refresher, HostPlan plan, KeyGate gate, ILogger<KeyApi> logger)
{
    private delegate Task Reply(HttpContext http, KeyKind kind, string function);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        foreach (string host in new[] { "/admin/host/keys", "/admin/host/functionkeys" })
        {
            Map(endpoints, host, KeyKind.Host);
        }

        Map(endpoints, "/admin/host/systemkeys", KeyKind.System);
        Map(endpoints, "/admin/functions/{function}/keys", KeyKind.Function);
    }

    private void Map(IEndpointRouteBuilder endpoints, string root, KeyKind kind)
    {
        Map(endpoints, HttpMethods.Get, root, kind, ListAsync);
        Map(endpoints, HttpMethods.Get, root + "/{name}", kind, GetAsync);
        Map(endpoints, HttpMethods.Put, root + "/{name}", kind, PutAsync);
        Map(endpoints, HttpMethods.Post, root + "/{name}", kind, (http, _, function) =>
            SetAsync(http, IdOf(http, kind, function), value: null));
        Map(endpoints, HttpMethods.Delete, root + "/{name}", kind, DeleteAsync);
    }

    private void Map(IEndpointRouteBuilder endpoints, string method, string route, KeyKind kind, Reply reply) => endpoints.MapMethods(
        route, [method], gate.Guard(AuthorizationLevel.Admin, function: null, async http =>
        {
            string name = http.Request.RouteValues["function"] as string ?? "";
            FunctionDescriptor? function = plan.Find(name);
            if (kind == KeyKind.Function && function is null)
            {
                await Problems.WriteAsync(http, StatusCodes.Status404NotFound, "Not found", $"There is no function '{name}' here.");
                return;
            }

            // Keys are secrets, also in caches between here and the caller.
            http.Response.Headers.CacheControl = "no-store";
            try
            {
                await reply(http, kind, function?.Name ?? "");
            }
            catch (KeyRefusedException refused)
            {
                await Problems.WriteAsync(http,
                    refused.IsConfigured ? StatusCodes.Status409Conflict : StatusCodes.Status400BadRequest,
                    "The key stays as it is", refused.Message);
            }
        }));

    // The master key goes by its reserved name, under the host's keys and the system's alike.
    private static KeyId IdOf(HttpContext http, KeyKind kind, string function)
    {
        string name = (string)http.Request.RouteValues["name"]!;
        return kind != KeyKind.Function && string.Equals(name, KeyId.MasterName, StringComparison.OrdinalIgnoreCase)
            ? KeyId.Master
            : new(kind, function, name);
    }

    private async Task ListAsync(HttpContext http, KeyKind kind, string function)
    {
        IReadOnlyList<ListedKey> listed = await keys.ListAsync(
            kind, kind == KeyKind.Function ? function : null, http.RequestAborted);
        string self = SelfOf(http);
        await http.Response.WriteAsJsonAsync(
            new { keys = listed.Select(key => View(key.Id.Name, value: null, $"{self}/{key.Id.Name}")), links = LinksTo(self) },
            http.RequestAborted);
    }

    private async Task GetAsync(HttpContext http, KeyKind kind, string function)
    {
        KeyId id = IdOf(http, kind, function);
        IReadOnlyList<ListedKey> listed = await keys.ListAsync(id.Kind, id.Function, http.RequestAborted);
        if (listed.FirstOrDefault(key => key.Id == id) is { } found)
        {
            await http.Response.WriteAsJsonAsync(View(found.Id.Name, value: null, SelfOf(http)), http.RequestAborted);
        }
        else
        {
            await NoSuchKeyAsync(http, id);
        }
    }

    private async Task PutAsync(HttpContext http, KeyKind kind, string function)
    {
        KeyId id = IdOf(http, kind, function);
        System.Text.Json.JsonElement? body = await AdminBody.ReadAsync(http);
        string value = AdminBody.Text(body, "value")
            ?? throw new BadHttpRequestException(
                "'value' is missing, expected { \"name\": \"...\", \"value\": \"...\" }. POST makes a random one.");
        if (AdminBody.Text(body, "name") is { } named && !string.Equals(named, id.Name, StringComparison.OrdinalIgnoreCase))
        {
            throw new BadHttpRequestException($"'name' is '{named}', but the address names '{id.Name}'.");
        }

        await SetAsync(http, id, value);
    }

    private async Task SetAsync(HttpContext http, KeyId id, string? value)
    {
        SetKey set = await keys.SetAsync(id, value, http.RequestAborted);
        await refresher.NoticeChangeAsync();
        Log.Changed(logger, id, set.IsNew ? "made" : "changed", Correlation.IdOf(http));
        if (set.IsNew)
        {
            http.Response.StatusCode = StatusCodes.Status201Created;
            http.Response.Headers.Location = SelfOf(http);
        }

        await http.Response.WriteAsJsonAsync(View(id.Name, set.Value, SelfOf(http)), http.RequestAborted);
    }

    private async Task DeleteAsync(HttpContext http, KeyKind kind, string function)
    {
        KeyId id = IdOf(http, kind, function);
        if (!await keys.DeleteAsync(id, http.RequestAborted))
        {
            await NoSuchKeyAsync(http, id);
            return;
        }

        await refresher.NoticeChangeAsync();
        Log.Changed(logger, id, "deleted", Correlation.IdOf(http));
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static Task NoSuchKeyAsync(HttpContext http, KeyId id) =>
        Problems.WriteAsync(http, StatusCodes.Status404NotFound, "Not found", $"There is no {id}.");

    private static object View(string name, string? value, string self) => new { name, value, links = LinksTo(self) };

    private static object[] LinksTo(string self) => [new { rel = "self", href = self }];

    private static string SelfOf(HttpContext http) => $"{http.Request.Scheme}://{http.Request.Host}{http.Request.Path}";

    private static partial class Log
    {
        [LoggerMessage(74, LogLevel.Information, "{Key} was {Change} through the admin API (correlation {CorrelationId})")]
        public static partial void Changed(ILogger logger, KeyId key, string change, string correlationId);
    }
}
