using System.CommandLine;
using System.Globalization;
using System.Net;

namespace Heal.Cli;

/// <summary><c>heal status</c>: whether the healer is there and has what it needs.</summary>
internal static class StatusCommand
{
    public static Command Build(CommonOptions common) => common.Bind(
        new Verb("status", "Whether the healer is ready, and what it lacks. With the master key also version and uptime.",
            "heal status", "heal status --key-file /var/lib/heal/keys.json"),
        (_, session, cancellationToken) => RunAsync(session, cancellationToken), isAdmin: true);

    /// <returns>Ok only when it is ready.</returns>
    private static async Task<int> RunAsync(Session session, CancellationToken cancellationToken)
    {
        ApiAnswer ready = await session.Api.SendAsync(
            new ApiRequest(HttpMethod.Get, ApiRequest.PathOf("healthz", "ready")) { AlsoFine = [HttpStatusCode.ServiceUnavailable] },
            cancellationToken);
        Part host = session.Api.HasKey ? await HostAsync(session, cancellationToken) : Part.None;
        bool isReady = ready.Status == HttpStatusCode.OK;
        Screen screen = session.Screen;
        session.Show(host.Exists ? host : ready.Body, () =>
        {
            new Facts()
                .Add("healer", session.Api.Url.ToString())
                .Add("state", screen.Paint(ready.Body["status"].Text, isReady ? Colour.Green : Colour.Red))
                .Add("version", host["version"])
                .Add("up for", UptimeOf(host["processUptime"].Text))
                .Add("functions", host["functionCount"])
                .Write(screen);
            foreach (Part lack in ready.Body["missing"].Items)
            {
                screen.Line($"  lacks {lack["dependency"].Text}: {lack["reason"].Text}");
            }
        });
        if (!host.Exists) screen.Note("  with the master key (--key-file, HEAL_KEY) more is told");
        return isReady ? ExitCodes.Ok : ExitCodes.Unreachable;
    }

    // A key that opens less is no fault here: the state needs none.
    private static async Task<Part> HostAsync(Session session, CancellationToken cancellationToken)
    {
        ApiAnswer answer = await session.Api.SendAsync(
            new ApiRequest(HttpMethod.Get, ApiRequest.PathOf("admin", "host", "status"))
            {
                AlsoFine =
                [
                    HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.NotFound, HttpStatusCode.ServiceUnavailable,
                ],
            },
            cancellationToken);
        return answer.Status == HttpStatusCode.OK ? answer.Body : Part.None;
    }

    private static string UptimeOf(string milliseconds) =>
        long.TryParse(milliseconds, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
        && number < TimeSpan.MaxValue.TotalMilliseconds
            ? TimeSpan.FromMilliseconds(number).ToString(@"d\.hh\:mm\:ss", CultureInfo.InvariantCulture)
            : "";
}
