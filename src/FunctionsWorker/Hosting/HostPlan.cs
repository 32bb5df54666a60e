using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>All that the host will run, checked before anything starts.</summary>
internal sealed record HostPlan(
    FunctionCatalog Catalog,
    HostSettings Settings,
    KeySet Keys,
    IReadOnlySet<string> Disabled,
    IReadOnlyList<HttpRoute> Routes,
    IReadOnlyList<TimerFunction> Timers,
    IReadOnlyList<QueueFunction> Queues)
{
    /// <summary>The application is integrated with ASP.NET Core, and with its JSON options.</summary>
    public bool HasWebApplication { get; init; }

    public IReadOnlyList<FunctionDescriptor> Enabled => [.. Catalog.Functions.Where(f => !Disabled.Contains(f.Name))];

    /// <summary>A function by its name, whose case does not matter; also a disabled one.</summary>
    public FunctionDescriptor? Find(string name) =>
        Catalog.Functions.FirstOrDefault(f => string.Equals(f.Name, name, StringComparison.OrdinalIgnoreCase));

    public static HostPlan Make(
        FunctionCatalog catalog, HostSettings settings, IConfiguration configuration, bool hasWebApplication, List<string> faults)
    {
        var disabled = catalog.Functions
            .Select(static f => f.Name)
            .Where(name => SettingReferences.IsDisabled(configuration, name, faults))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (!hasWebApplication)
        {
            faults.AddRange(catalog.Functions.Where(NeedsWebApplication).Select(static f =>
                $"function '{f.Name}' ({f.EntryPoint}): uses types of ASP.NET Core, "
                    + "expected builder.ConfigureFunctionsWebApplication() in the program"));
        }

        // A disabled function needs no queue, no connection and no schedule that works: it may be disabled for their lack.
        FunctionCatalog enabled = catalog.Without(disabled);
        return new(
            catalog,
            settings,
            KeySet.FromConfiguration(configuration, faults),
            disabled,
            HttpRoute.Of(enabled, settings.RoutePrefix, faults),
            TimerFunction.Of(enabled, configuration, faults),
            QueueFunction.Of(enabled, configuration, faults))
        {
            HasWebApplication = hasWebApplication,
        };
    }

    private static bool NeedsWebApplication(FunctionDescriptor function)
    {
        Type result = DurableFunctions.OutputType(function.Method);
        return function.Parameters.Any(static p => p.Type == typeof(HttpRequest) || p.Type == typeof(HttpContext))
            || function.Outputs.Any(static o => o.Property is { } part
                && (typeof(IActionResult).IsAssignableFrom(part.PropertyType) || typeof(IResult).IsAssignableFrom(part.PropertyType)))
            || typeof(IActionResult).IsAssignableFrom(result)
            || typeof(IResult).IsAssignableFrom(result);
    }
}
