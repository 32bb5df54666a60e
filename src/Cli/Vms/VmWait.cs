using System.Net;

namespace Heal.Cli;

/// <summary>Follows what is being done to a machine to its end. The work is the healer's: it goes on whether anybody waits or not, also
/// over a restart of the healer, which is waited for too.</summary>
/// <param name="before">When the work before began, which is over; empty when there was none.</param>
internal sealed class VmWait(Session session, string id, string before)
{
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromHours(1);
    public static readonly TimeSpan LongestLimit = TimeSpan.FromDays(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Of silence in a row, after which the healer is taken for gone.</summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromMinutes(2);

    private static readonly string[] Good = ["Created", "AlreadyThere", "Deleted", "Started", "Stopped"];
    private static readonly string[] EndedStatuses = ["Completed", "Failed", "Terminated", "Canceled"];

    private string _step = "";
    private long? _silentSince;

    private string Next => $"'heal vm show {Plain.Line(id)}' tells how far it is.";

    /// <summary>The last thing that was done to a machine; nothing when there is none.</summary>
    public static async Task<Part> WorkOfAsync(Session session, string id, CancellationToken cancellationToken) =>
        (await ViewAsync(session, id, cancellationToken))["work"];

    public async Task<int> UntilEndAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        long began = session.Time.GetTimestamp();
        try
        {
            while (true)
            {
                Part view = await LookAsync(cancellationToken);
                Part work = view["work"];
                bool isOurs = work.Exists && (before.Length == 0 || work["createdAt"].Text != before);
                if (isOurs)
                {
                    Tell(work);
                    if (EndedStatuses.Contains(work["runtimeStatus"].Text)) return End(view);
                }

                if (session.Time.GetElapsedTime(began) >= limit)
                {
                    throw new HealException(
                        ExitCodes.Failed, $"it has not ended within {limit.TotalSeconds:0} s; the work goes on at the healer", next: Next);
                }

                await Task.Delay(LookEvery, session.Time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new HealException(ExitCodes.Interrupted, "no longer waiting; the work goes on at the healer", next: Next);
        }
    }

    private static async Task<Part> ViewAsync(Session session, string id, CancellationToken cancellationToken) =>
        (await session.Api.SendAsync(
            new ApiRequest(HttpMethod.Get, ApiRequest.PathOf("api", "vms", id)) { AlsoFine = [HttpStatusCode.NotFound] },
            cancellationToken)).Body;

    private async Task<Part> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            Part view = await ViewAsync(session, id, cancellationToken);
            _silentSince = null;
            return view;
        }
        catch (HealException silence) when (silence.ExitCode == ExitCodes.Unreachable)
        {
            if (_silentSince is not { } since)
            {
                session.Screen.Note($"heal: {silence.Message}; the work is not lost, waiting for the healer");
                _silentSince = session.Time.GetTimestamp();
            }
            else if (session.Time.GetElapsedTime(since) >= SilenceLimit)
            {
                throw;
            }

            return Part.None;
        }
    }

    private void Tell(Part work)
    {
        Part progress = work["progress"];
        string host = progress["host"].Text;
        string step = (host.Length == 0 ? "" : $"{host}: ") + progress["step"].Text;
        if (step.Length == 0 || step == _step) return;
        _step = step;
        session.Screen.Note($"  {step}");
    }

    private int End(Part view)
    {
        Part outcome = view["work"]["outcome"];
        string kind = outcome["kind"].Text;
        bool isGood = Good.Contains(kind);
        foreach (Part warning in outcome["warnings"].Items) session.Screen.Note($"heal: warning: {warning.Text}");
        session.Show(view, () =>
        {
            Screen screen = session.Screen;
            Part work = view["work"];
            string title = outcome.Exists ? kind : "Failed";
            string detail = outcome.Exists ? outcome["detail"].Text : $"{work["runtimeStatus"].Text} {work["failure"].Text}";
            screen.Line($"{Plain.Line(id)}: {screen.Paint(title, isGood ? Colour.Green : Colour.Red)}: {detail}");
            foreach (Part objection in outcome["objections"].Items) screen.Line($"  {Refusals.Fault(objection)}");
            foreach (Part left in outcome["leftBehind"].Items) screen.Line($"  left behind: {left.Text}");
        });
        if (!isGood) session.Screen.Note("  next: docs/operating/vms.md says what each outcome means, and what to do.");
        return isGood ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
