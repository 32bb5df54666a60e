using System.Globalization;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Heal.Functions.Machines;

/// <summary>The query parameters of requests that stop a guest.</summary>
/// <param name="Force">Whether it may be destroyed. Default false.</param>
/// <param name="GraceSeconds">How long it may take to shut down, 1 to 3600. Default 120.</param>
/// <param name="KeepVolumes">Default false.</param>
internal sealed record VmQuery(bool Force, bool KeepVolumes, int GraceSeconds)
{
    private const int DefaultGraceSeconds = 120;
    private const int MaximumGraceSeconds = 3_600;

    /// <summary>All faults of the parameters in one answer. A parameter that nobody knows is a fault: a misspelt "force" would be
    /// lost.</summary>
    public static (VmQuery? Query, IActionResult? Refusal) Read(HttpRequest request)
    {
        var faults = new List<AlertFault>();
        bool force = false;
        bool keep = false;
        int grace = DefaultGraceSeconds;
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in request.Query)
        {
            string text = values.ToString();
            bool holds = name switch
            {
                "force" => bool.TryParse(text, out force),
                "keepVolumes" => bool.TryParse(text, out keep),
                "graceSeconds" => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out grace)
                    && grace is >= 1 and <= MaximumGraceSeconds,
                "code" => true,
                _ => false,
            };
            if (holds) continue;
            string expected = name switch
            {
                "force" or "keepVolumes" => "true or false",
                "graceSeconds" => $"a whole number from 1 to {MaximumGraceSeconds}",
                _ => "one of force, keepVolumes, graceSeconds",
            };
            faults.Add(new AlertFault($"query '{SafeText.Line(name, 60)}'", expected, $"'{SafeText.Line(text, 60)}'"));
        }

        return faults.Count == 0
            ? (new VmQuery(force, keep, grace), null)
            : (null, Problem.Refused("The query parameters cannot be used.", faults, Correlation.Of(request.HttpContext)));
    }
}
