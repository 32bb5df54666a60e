using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Azure.Functions.Worker.Outputs;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>
/// All that the host will run, checked before anything starts. A function that is faulty is left out and the others are served, as the
/// Azure host does; but not one that instances in the hub may need: without it they would fail for good (decision 26).
/// </summary>
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

    public required QueueOutputs Outputs { get; init; }

    /// <summary>Functions that are faulty and not served, while the others are.</summary>
    public required IReadOnlySet<string> LeftOut { get; init; }

    public IReadOnlyList<FunctionDescriptor> Enabled =>
        [.. Catalog.Functions.Where(f => !Disabled.Contains(f.Name) && !LeftOut.Contains(f.Name))];

    /// <summary>A function by its name, whose case does not matter; also a disabled one.</summary>
    public FunctionDescriptor? Find(string name) =>
        Catalog.Functions.FirstOrDefault(f => string.Equals(f.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <param name="faults">Gets what keeps the host from starting.</param>
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
        FunctionFaults own = catalog.Faults;
        IReadOnlyList<HttpRoute> routes = HttpRoute.Of(enabled, settings.RoutePrefix, own);
        IReadOnlyList<TimerFunction> timers = TimerFunction.Of(enabled, configuration, TimerZone.Read(configuration, faults), own);
        IReadOnlyList<QueueFunction> queues = QueueFunction.Of(enabled, configuration, own);
        QueueOutputs outputs = QueueOutput.Of(enabled.Functions, configuration, own);
        DurableClientRules.Check(enabled.Functions, settings.Durable, configuration, own);
        IReadOnlySet<string> faulty = own.Functions;
        bool isNothingLeft = enabled.Functions.All(f => faulty.Contains(f.Name));
        faults.AddRange(faulty
            .Where(name => isNothingLeft || settings.FaultyFunctions == FaultyFunctions.Refuse || catalog.OfHub.Contains(name))
            .SelectMany(own.About));
        return new(
            catalog,
            settings,
            KeySet.FromConfiguration(configuration, faults),
            disabled,
            [.. routes.Where(r => !faulty.Contains(r.Function.Name))],
            [.. timers.Where(t => !faulty.Contains(t.Function.Name))],
            [.. queues.Where(q => !faulty.Contains(q.Function.Name))])
        {
            HasWebApplication = hasWebApplication,
            Outputs = outputs,
            LeftOut = faulty,
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
