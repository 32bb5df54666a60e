using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Heal.Functions.Http;

/// <summary>Answers in the form of RFC 9457: what is wrong, where, and what to do next.</summary>
internal static class Problem
{
    private const int RetryAfterSeconds = 5;

    public static IActionResult Refused(string detail, IReadOnlyList<AlertFault> faults, string correlationId) =>
        Of(StatusCodes.Status400BadRequest, "Bad input", detail, correlationId, problem => problem.Extensions["faults"] = faults);

    public static IActionResult Refused(string detail, string correlationId) => Refused(detail, [], correlationId);

    public static IActionResult NotFound(string detail, string correlationId) =>
        Of(StatusCodes.Status404NotFound, "Not found", detail, correlationId);

    public static IActionResult Gone(string detail, string correlationId) =>
        Of(StatusCodes.Status410Gone, "Already ended", detail, correlationId);

    public static IActionResult TooLarge(int maximumBytes, string correlationId) => Of(
        StatusCodes.Status413PayloadTooLarge,
        "Body too large",
        $"The body has more than {maximumBytes} bytes. Send fewer alerts at once (Alertmanager: max_alerts), "
        + "or raise Heal:Alerts:MaximumBodyBytes.",
        correlationId);

    /// <summary>The body is larger than what it is about may be.</summary>
    /// <param name="advice">What to do instead.</param>
    public static IActionResult TooLarge(int maximumBytes, string advice, string correlationId) => Of(
        StatusCodes.Status413PayloadTooLarge, "Body too large", $"The body has more than {maximumBytes} bytes. {advice}", correlationId);

    /// <summary>What is asked for does not fit what is there.</summary>
    public static IActionResult Conflict<T>(string detail, IReadOnlyList<T> objections, string correlationId) => Of(
        StatusCodes.Status409Conflict, "Conflict", detail, correlationId, problem => problem.Extensions["objections"] = objections);

    /// <summary>The body was understood, and what it says cannot be.</summary>
    public static IActionResult Unprocessable<T>(string detail, IReadOnlyList<T> faults, string correlationId) => Of(
        StatusCodes.Status422UnprocessableEntity, "Faulty definition", detail, correlationId,
        problem => problem.Extensions["faults"] = faults);

    /// <summary>Something that the answer depends on cannot be reached now.</summary>
    public static IActionResult Unreachable<T>(string detail, IReadOnlyList<T> objections, string correlationId, HttpContext context)
    {
        context.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Of(StatusCodes.Status503ServiceUnavailable, "Host unreachable", detail, correlationId,
            problem => problem.Extensions["objections"] = objections);
    }

    public static IActionResult Unavailable(string detail, string correlationId, HttpContext context)
    {
        context.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Of(StatusCodes.Status503ServiceUnavailable, "Store unavailable", detail, correlationId);
    }

    private static ObjectResult Of(
        int status, string title, string detail, string correlationId, Action<ProblemDetails>? extend = null)
    {
        var problem = new ProblemDetails { Status = status, Title = title, Detail = detail };
        problem.Extensions["correlationId"] = correlationId;
        extend?.Invoke(problem);
        return new ObjectResult(problem) { StatusCode = status, ContentTypes = { "application/problem+json" } };
    }
}
