using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Constraints;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Makes each constraint of each route once, before any service starts, and leaves out the functions that have one which cannot be made.
/// The framework would make them at the first request, and one that it does not know would then fail every request, of other functions too.
/// </summary>
internal sealed class RouteConstraints(HostPlan plan, ParameterPolicyFactory factory) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Check(plan, factory);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Here, since only the services of the application know its own constraints.</summary>
    /// <exception cref="HostStartupException">The host may not start without the function.</exception>
    public static void Check(HostPlan plan, ParameterPolicyFactory factory)
    {
        foreach (HttpRoute route in plan.Routes)
        {
            plan.Catalog.Faults.Of(route.Function.Name).AddRange(Faults(route, factory));
        }

        plan.LeaveOutFaulty();
    }

    /// <summary>Of each constraint that is unknown or has faulty arguments, where it is and what is wrong with it.</summary>
    internal static IEnumerable<string> Faults(HttpRoute route, ParameterPolicyFactory factory)
    {
        foreach (RoutePatternParameterPart parameter in route.Pattern.Parameters)
        {
            foreach (RoutePatternParameterPolicyReference policy in parameter.ParameterPolicies)
            {
                string? fault = null;
                try
                {
                    if (factory.Create(parameter, policy) is RegexRouteConstraint pattern)
                    {
                        // Made when it is first asked for: at a request otherwise.
                        _ = pattern.Constraint;
                    }
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
