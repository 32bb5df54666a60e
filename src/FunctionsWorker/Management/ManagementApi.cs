using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>
/// The HTTP management API of the durable extension under <c>/runtime/webhooks/durabletask</c>, behind a system key. All its routes:
/// docs/function-host/management-api.md.
/// </summary>
internal sealed class ManagementApi(ManagementGate gate, StartApi starts, StatusApi status, OperationsApi operations, EntityApi entities)
{
    public static void AddTo(IServiceCollection services)
    {
        services.AddSingleton<ManagementApi>();
        services.AddSingleton<ManagementGate>();
        services.AddSingleton<StartApi>();
        services.AddSingleton<StatusApi>();
        services.AddSingleton<OperationsApi>();
        services.AddSingleton<EntityApi>();
    }

    public void Map(IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder api = endpoints.MapGroup(ManagementLinks.BasePath);
        Add(HttpMethods.Post, "/orchestrators/{functionName}/{instanceId?}", starts.StartAsync);
        Add(HttpMethods.Get, "/instances", status.ListAsync);
        Add(HttpMethods.Delete, "/instances", status.PurgeManyAsync);
        Add(HttpMethods.Get, "/instances/{id}", status.GetAsync);
        Add(HttpMethods.Delete, "/instances/{id}", status.PurgeOneAsync);
        Add(HttpMethods.Post, "/instances/{id}/raiseEvent/{eventName}", operations.RaiseEventAsync);
        Add(HttpMethods.Post, "/instances/{id}/terminate", operations.TerminateAsync);
        Add(HttpMethods.Post, "/instances/{id}/suspend", operations.SuspendAsync);
        Add(HttpMethods.Post, "/instances/{id}/resume", operations.ResumeAsync);
        Add(HttpMethods.Post, "/instances/{id}/rewind", operations.RewindAsync);
        Add(HttpMethods.Post, "/instances/{id}/restart", starts.RestartAsync);
        Add(HttpMethods.Post, "/entities/{name}/{key?}", entities.SignalAsync);
        Add(HttpMethods.Delete, "/entities/{name}/{key}", entities.DeleteAsync);
        Add(HttpMethods.Get, "/entities/{name}/{key}", entities.StateAsync);
        Add(HttpMethods.Get, "/entities/{name?}", entities.ListAsync);

        // Every host that serves a hub is its primary: there is no lease to take.
        Add(HttpMethods.Post, "/makeprimary", static _ => Task.CompletedTask);

        // Whatever else comes here, by path or by method, is not found; without this, a wrong method would be a 405.
        api.Map("/{**rest}", gate.Guard(static http =>
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }));

        void Add(string method, string route, RequestDelegate reply) => api.MapMethods(route, [method], gate.Guard(reply));
    }
}
