using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Azure.Functions.Worker.Store;

namespace Microsoft.Azure.Functions.Worker.Admin;

/// <summary>
/// <c>/admin/functions</c>, behind the master key: what functions there are, with their bindings; the state of one; a run by hand.
/// </summary>
internal sealed class FunctionApi(HostPlan plan, ManualRun manual, IHostStore store, KeyGate gate)
{
    private delegate Task Reply(HttpContext http, FunctionDescriptor function);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/admin/functions", gate.Guard(AuthorizationLevel.Admin, function: null, http =>
            http.Response.WriteAsJsonAsync(plan.Catalog.Functions.Select(function => View(http, function)), http.RequestAborted)));
        Map(endpoints, HttpMethods.Get, "/admin/functions/{function}", (http, function) =>
            http.Response.WriteAsJsonAsync(View(http, function), http.RequestAborted));
        Map(endpoints, HttpMethods.Get, "/admin/functions/{function}/status", StatusAsync);
        Map(endpoints, HttpMethods.Post, "/admin/functions/{function}", manual.StartAsync);
    }

    private void Map(IEndpointRouteBuilder endpoints, string method, string route, Reply reply) => endpoints.MapMethods(
        route, [method], gate.Guard(AuthorizationLevel.Admin, function: null, http =>
        {
            string name = (string)http.Request.RouteValues["function"]!;
            return plan.Find(name) is { } function
                ? reply(http, function)
                : Problems.WriteAsync(http, StatusCodes.Status404NotFound, "Not found", $"There is no function '{name}' here.");
        }));

    private JsonObject View(HttpContext http, FunctionDescriptor function)
    {
        string root = $"{http.Request.Scheme}://{http.Request.Host}";
        HttpRoute? route = plan.Routes.FirstOrDefault(r => r.Function == function);
        bool isDisabled = plan.Disabled.Contains(function.Name);
        var bindings = new JsonArray(
            [.. function.Bindings.Where(static binding => binding.Attribute is not null).Select(binding => Binding(function, binding))]);
        return new()
        {
            ["name"] = function.Name,
            ["href"] = $"{root}/admin/functions/{function.Name}",
            ["invoke_url_template"] = route is null ? null : root + route.Template,
            ["language"] = "dotnet-isolated",
            ["isDisabled"] = isDisabled,
            ["config"] = new JsonObject
            {
                ["name"] = function.Name,
                ["scriptFile"] = Path.GetFileName(function.PathToAssembly),
                ["entryPoint"] = function.EntryPoint,
                ["language"] = "dotnet-isolated",
                ["disabled"] = isDisabled,
                ["bindings"] = bindings,
            },
        };
    }

    private JsonObject Binding(FunctionDescriptor function, ParameterDescriptor parameter)
    {
        var binding = new JsonObject
        {
            ["name"] = parameter.Parameter.Name,
            ["type"] = FunctionDescriptor.TypeName(parameter.Attribute!),
            ["direction"] = "In",
        };
        switch (parameter.Attribute)
        {
            case HttpTriggerAttribute http:
                binding["authLevel"] = http.AuthLevel.ToString();
                binding["methods"] = new JsonArray([.. (http.Methods ?? []).Select(static method => JsonValue.Create(method))]);
                binding["route"] = http.Route;
                break;
            case TimerTriggerAttribute timer:
                binding["schedule"] = plan.Timers.FirstOrDefault(t => t.Function == function)?.Text ?? timer.Schedule;
                binding["useMonitor"] = timer.UseMonitor;
                binding["runOnStartup"] = timer.RunOnStartup;
                break;
            case QueueTriggerAttribute queue:
                binding["queueName"] = plan.Queues.FirstOrDefault(q => q.Function == function)?.Queue.Name ?? queue.QueueName;
                binding["connection"] = queue.Connection;
                break;
            default:
                break;
        }

        return binding;
    }

    private async Task StatusAsync(HttpContext http, FunctionDescriptor function)
    {
        var status = new JsonObject
        {
            ["name"] = function.Name,
            ["isDisabled"] = plan.Disabled.Contains(function.Name),
            ["errors"] = new JsonArray([.. plan.Catalog.Faults.About(function.Name).Select(static fault => JsonValue.Create(fault))]),
        };
        if (plan.Timers.FirstOrDefault(t => t.Function == function) is { } timer
            && await store.ReadAsync(timer.Name, http.RequestAborted) is { } state)
        {
            status["timer"] = new JsonObject
            {
                ["schedule"] = state.Schedule,
                ["last"] = state.Last,
                ["next"] = state.Next,
                ["isRunning"] = state.LeaseLeft is not null,
            };
        }

        await http.Response.WriteAsJsonAsync(status, http.RequestAborted);
    }
}
