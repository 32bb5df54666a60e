using System.Net;

namespace Heal.Cli;

/// <summary>An answer that is none of success, in words: the healer's reason, every fault, where, and what to do next.</summary>
internal static class Refusals
{
    public static HealException Of(ApiRequest request, Uri address, ApiAnswer answer, bool hasKey)
    {
        Part problem = answer.Body;
        string reason = problem["detail"].Text is { Length: > 0 } detail ? detail
            : problem["title"].Text is { Length: > 0 } title ? title
            : problem["message"].Text is { Length: > 0 } message ? message
            : $"the healer answered {(int)answer.Status}";
        List<string> details = [.. problem["faults"].Items.Concat(problem["objections"].Items).Select(Fault)];
        details.Add($"at {request.Method} {address} (answer {(int)answer.Status})");
        if (problem["correlationId"].Text is { Length: > 0 } id) details.Add($"in the healer's log: {id}");
        return new HealException(ExitCodeOf(answer.Status), reason, details, NextOf(request, answer.Status, hasKey));
    }

    /// <summary>Nothing came back.</summary>
    public static HealException OfSilence(ApiRequest request, Uri address, string why) => new(
        ExitCodes.Unreachable,
        $"the healer does not answer: {why}",
        [$"at {request.Method} {address}"],
        request.Method == HttpMethod.Get
            ? "Does it run there? ./start.sh starts one; --url or HEAL_URL names another; --timeout gives it longer."
            : "Whether it took effect is not known: look before you repeat it. Does the healer run there? See --url, HEAL_URL, --timeout.");

    /// <summary>One fault or objection, whichever of the two forms of the API it has.</summary>
    public static string Fault(Part fault)
    {
        string subject = First("subject", "path");
        string found = First("found", "got");
        string text = $"{subject}: found {found}, expected {First("expected")}";
        return First("advice") is { Length: > 0 } advice ? $"{text}. {advice}" : text;

        string First(params string[] names) => names.Select(name => fault[name].Text).FirstOrDefault(text => text.Length > 0) ?? "";
    }

    private static int ExitCodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests => ExitCodes.NotAllowed,
        HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout => ExitCodes.Unreachable,
        _ => ExitCodes.Failed,
    };

    private static string? NextOf(ApiRequest request, HttpStatusCode status, bool hasKey) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when !hasKey =>
            "Give a key: HEAL_KEY in the environment, or --key-file FILE.",
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when request.Path.StartsWith("/admin/", StringComparison.Ordinal) =>
            "Only the master key opens this.",
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => "The healer does not know this key, or it does not open this.",
        HttpStatusCode.TooManyRequests => "Wait a minute; then try with the right key.",
        HttpStatusCode.ServiceUnavailable => "Try again in some seconds; 'heal status' tells what the healer lacks.",
        >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => "The address leads elsewhere: give the healer's own by --url.",
        >= HttpStatusCode.InternalServerError => "The healer's log has the reason.",
        _ => request.Next,
    };
}
