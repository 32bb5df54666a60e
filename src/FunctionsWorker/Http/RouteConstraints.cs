using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Makes each constraint of each route once, before any service starts. The framework would do so at the first request, and one that it
/// does not know would then fail every request, of other functions too.
/// </summary>
internal sealed class RouteConstraints(HostPlan plan, ParameterPolicyFactory factory) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Check(plan.Routes, factory);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <exception cref="HostStartupException">A constraint is unknown, or its arguments are faulty.</exception>
    public static void Check(IEnumerable<HttpRoute> routes, ParameterPolicyFactory factory)
    {
        string[] faults = [.. routes.SelectMany(route => Faults(route, factory))];
        if (faults.Length > 0)
        {
            throw new HostStartupException(faults);
        }
    }

    private static IEnumerable<string> Faults(HttpRoute route, ParameterPolicyFactory factory)
    {
        foreach (RoutePatternParameterPart parameter in route.Pattern.Parameters)
        {
            foreach (RoutePatternParameterPolicyReference policy in parameter.ParameterPolicies)
            {
                string? fault = null;
                try
                {
                    factory.Create(parameter, policy);
                }
                catch (Exception exception)
                {
                    fault = $"function '{route.Function.Name}' ({route.Function.EntryPoint}): route '{route.Pattern.RawText}': constraint "
                        + $"'{policy.Content}' of '{parameter.Name}' cannot be used: {exception.GetBaseException().Message}";
                }

                if (fault is not null)
                {
                    yield return fault;
                }
            }
        }
    }
}
