using System.Net;

namespace Heal.Cli;

/// <summary>Asks for something to be done to a machine and, when wanted, waits for its end.</summary>
internal static class VmChange
{
    /// <param name="done">What it is then: made, started ...</param>
    /// <param name="wait">How long to wait at most; null: not at all.</param>
    public static async Task<int> RunAsync(
        Session session, string id, string done, ApiRequest request, TimeSpan? wait, CancellationToken cancellationToken)
    {
        // What was done before is shown until the new work has begun: it is told apart by when it began.
        Part before = wait is null ? Part.None : await VmWait.WorkOfAsync(session, id, cancellationToken);
        ApiAnswer answer = await session.Api.SendAsync(request, cancellationToken);
        string name = Plain.Line(id);
        if (answer.Status == HttpStatusCode.OK)
        {
            session.Show(answer.Body, () => session.Screen.Line($"{name}: it is there as defined"));
            return ExitCodes.Ok;
        }

        bool hasJoined = answer.Body["joined"].Flag ?? (before.Exists && !before["outcome"].Exists);
        if (wait is { } limit)
        {
            return await new VmWait(session, id, hasJoined ? "" : before["createdAt"].Text).UntilEndAsync(limit, cancellationToken);
        }

        string begun = hasJoined ? "under way already" : "taken on";
        session.Show(answer.Body, () => session.Screen.Line($"{name}: {begun}, to be {done}. 'heal vm show {name}' tells how far it is."));
        return ExitCodes.Ok;
    }
}
