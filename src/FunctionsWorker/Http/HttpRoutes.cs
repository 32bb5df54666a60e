using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>The route of each HTTP function, checked: a template that parses, and no two functions on the same one.</summary>
internal sealed record HttpRoute(FunctionDescriptor Function, HttpTriggerAttribute Trigger, RoutePattern Pattern)
{
    /// <summary>First parts of the paths that the host serves itself.</summary>
    private static readonly string[] Reserved = ["admin", "healthz", "livez", "readyz", "runtime"];

    public string Template => "/" + Pattern.RawText;

    public string Methods =>
        Trigger.Methods is { Length: > 0 } methods ? string.Join(',', methods.Select(static m => m.ToUpperInvariant())) : "*";

    public static IReadOnlyList<HttpRoute> Of(FunctionCatalog catalog, string prefix, FunctionFaults faults)
    {
        var routes = new List<HttpRoute>();
        foreach ((FunctionDescriptor function, HttpTriggerAttribute trigger) in catalog.Triggered<HttpTriggerAttribute>())
        {
            string[] parts = [prefix, (trigger.Route ?? function.Name).Trim('/')];
            string template = string.Join('/', parts.Where(static p => p.Length > 0));
            if (TryParse(template, out RoutePattern? pattern, out string? fault) && IsReserved(pattern))
            {
                faults.Of(function.Name).Add($"function '{function.Name}' ({function.EntryPoint}): route '{template}' belongs to the host, "
                    + $"expected one that does not begin with {string.Join(", ", Reserved)}");
            }
            else if (pattern is not null)
            {
                routes.Add(new(function, trigger, pattern));
            }
            else
            {
                faults.Of(function.Name).Add($"function '{function.Name}' ({function.EntryPoint}): route '{template}': {fault}");
            }
        }

        // None of those that claim the same: which of them a caller means nobody can tell.
        var claims = routes.SelectMany(static r => r.Methods.Split(','), static (route, method) => (route, method));
        foreach (var claim in claims.GroupBy(static c => (ShapeOf(c.route.Pattern), c.method)).Where(static c => c.Count() > 1))
        {
            string all = string.Join(" and ", claim.Select(static c => $"'{c.route.Function.Name}' ('{c.route.Template}')"));
            foreach ((HttpRoute route, string method) in claim)
            {
                faults.Of(route.Function.Name).Add(
                    $"function '{route.Function.Name}' ({route.Function.EntryPoint}): route '{route.Template}' with method {method}: "
                        + $"claimed by functions {all}, expected one");
            }
        }

        return routes;
    }

    /// <summary>Routes that match the same paths have the same: neither parameters' names nor the case of letters matter.</summary>
    private static string ShapeOf(RoutePattern pattern) => string.Join('/', pattern.PathSegments.Select(static segment =>
        string.Concat(segment.Parts.Select(static part => part switch
        {
            RoutePatternLiteralPart literal => literal.Content.ToUpperInvariant(),
            RoutePatternSeparatorPart separator => separator.Content,
            RoutePatternParameterPart parameter => "{" + (parameter.IsCatchAll ? "*" : "") + (parameter.IsOptional ? "?" : "")
                + string.Concat(parameter.ParameterPolicies.Select(static policy => ":" + policy.Content)) + "}",
            _ => "",
        }))));

    private static bool IsReserved(RoutePattern pattern) =>
        pattern.PathSegments is [{ Parts: [RoutePatternLiteralPart first] }, ..]
            && Reserved.Contains(first.Content, StringComparer.OrdinalIgnoreCase);

    private static bool TryParse(string template, [NotNullWhen(true)] out RoutePattern? pattern, [NotNullWhen(false)] out string? fault)
    {
        try
        {
            (pattern, fault) = (RoutePatternFactory.Parse(template), null);
            return true;
        }
        catch (RoutePatternException exception)
        {
            (pattern, fault) = (null, exception.Message);
            return false;
        }
    }
}
