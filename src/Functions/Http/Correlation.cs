using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Heal.Functions.Http;

/// <summary>The id under which a request is found in logs and answers: the caller's <c>x-correlation-id</c>, else the trace's.</summary>
internal static partial class Correlation
{
    public static string Of(HttpContext context)
    {
        string sent = context.Request.Headers["x-correlation-id"].ToString();
        return Harmless().IsMatch(sent) ? sent : Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
    }

    [GeneratedRegex("^[A-Za-z0-9._:-]{1,128}$")]
    private static partial Regex Harmless();
}
