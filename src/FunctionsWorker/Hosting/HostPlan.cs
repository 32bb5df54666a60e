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

    public IReadOnlyList<HttpRoute> Routes { get; private set; } = Routes;

    /// <summary>Functions that are faulty and not served, while the others are.</summary>
    public IReadOnlySet<string> LeftOut { get; private set; } = Catalog.Faults.Functions;

    public IReadOnlyList<FunctionDescriptor> Enabled =>
        [.. Catalog.Functions.Where(f => !Disabled.Contains(f.Name) && !LeftOut.Contains(f.Name))];

    /// <summary>A function by its name, whose case does not matter; also a disabled one.</summary>
    public FunctionDescriptor? Find(string name) =>
        Catalog.Functions.FirstOrDefault(f => string.Equals(f.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <param name="faults">Gets what keeps the host from starting.</param>
    public static HostPlan Make(
        FunctionCatalog catalog, HostSettings settings, IConfiguration configuration, bool hasWebApplication, List<string> faults)
    {
        FunctionFaults own = catalog.Faults;
        var disabled = catalog.Functions
            .Where(f => SettingReferences.IsDisabled(configuration, f.Name, $"function '{f.Name}' ({f.EntryPoint})", own.Of(f.Name)))
            .Select(static f => f.Name)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);

        // A disabled function needs no queue, no connection and no schedule that works: it may be disabled for their lack.
        FunctionCatalog enabled = catalog.Without(disabled);
        foreach (FunctionDescriptor function in enabled.Functions.Where(f => !hasWebApplication && NeedsWebApplication(f)))
        {
            own.Of(function.Name).Add($"function '{function.Name}' ({function.EntryPoint}): uses types of ASP.NET Core, "
                + "expected builder.ConfigureFunctionsWebApplication() in the program");
        }

        IReadOnlyList<HttpRoute> routes = HttpRoute.Of(enabled, settings.RoutePrefix, own);
        IReadOnlyList<TimerFunction> timers = TimerFunction.Of(enabled, configuration, TimerZone.Read(configuration, faults), own);
        IReadOnlyList<QueueFunction> queues = QueueFunction.Of(enabled, configuration, own);
        QueueOutputs outputs = QueueOutput.Of(enabled.Functions, configuration, own);
        DurableFunctions.CheckNames(enabled.Functions, own);
        DurableClientRules.Check(enabled.Functions, settings.Durable, configuration, own);
        IReadOnlySet<string> faulty = own.Functions;
        faults.AddRange(NotToBeLeftOut(enabled, settings));
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
        };
    }

    /// <summary>Leaves out those as well of which a fault has been found since the plan was made; before anything has started.</summary>
    /// <exception cref="HostStartupException">The host does not start without them.</exception>
    public void LeaveOutFaulty()
    {
        string[] refused = [.. NotToBeLeftOut(Catalog.Without(Disabled), Settings)];
        if (refused.Length > 0)
        {
            throw new HostStartupException(refused);
        }

        LeftOut = Catalog.Faults.Functions;
        Routes = [.. Routes.Where(r => !LeftOut.Contains(r.Function.Name))];
    }

    /// <summary>The faults of functions without which the host may not start.</summary>
    private static IEnumerable<string> NotToBeLeftOut(FunctionCatalog enabled, HostSettings settings)
    {
        IReadOnlySet<string> faulty = enabled.Faults.Functions;
        bool isNothingLeft = enabled.Functions.All(f => faulty.Contains(f.Name));
        return faulty
            .Where(name => isNothingLeft || settings.FaultyFunctions == FaultyFunctions.Refuse || enabled.OfHub.Contains(name))
            .SelectMany(enabled.Faults.About);
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
