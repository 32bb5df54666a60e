using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Heal.Cli;

/// <summary><c>heal incident</c>: what goes on, and people's answers to plans that wait.</summary>
internal static class IncidentCommands
{
    private const int DefaultPage = 50;
    private const string ListNext = "'heal incident list' shows what there is.";

    public static Command Build(CommonOptions common) => new("incident", "Incidents: what goes on, what came of it, approvals.")
    {
        List(common), Show(common), Answer(common, approves: true), Answer(common, approves: false),
    };

    private static Verb List(CommonOptions common)
    {
        var verb = new Verb(
            "list", "Incidents from the oldest to the newest (beyond 10,000 kept ones by id), a page at a time.",
            "heal incident list --top 200", "heal incident list --output json | jq '.incidents[].outcome.kind'");
        Option<int> top = verb.Takes(new Option<int>("--top")
        {
            Description = "Incidents on a page, 1 to 500.", HelpName = "N", DefaultValueFactory = _ => DefaultPage,
        });
        Option<string?> after = verb.Takes(new Option<string?>("--after")
        {
            Description = "Go on after a page: what its last line said.", HelpName = "TOKEN",
        });
        return common.Bind(verb, async (parsed, session, cancellationToken) =>
        {
            string path = string.Create(
                CultureInfo.InvariantCulture, $"{ApiRequest.PathOf("api", "incidents")}?top={parsed.GetValue(top)}");
            if (parsed.GetValue(after) is { } token) path += $"&after={Uri.EscapeDataString(token)}";
            Part page = (await session.Api.GetAsync(path, cancellationToken)).Body;
            session.Show(page, () => Write(session.Screen, page));
            if (page["after"].Exists) session.Screen.Note($"more: heal incident list --after {page["after"].Text}");
            return ExitCodes.Ok;
        });
    }

    private static void Write(Screen screen, Part page)
    {
        var table = new Table("ID", "STATE", "TARGET", "SINCE", "ABOUT");
        foreach (Part incident in page["incidents"].Items)
        {
            Part status = incident["status"];
            Part outcome = incident["outcome"];
            string state = StateOf(incident);
            string about = new[] { outcome["reason"].Text, status["detail"].Text, status["hypothesis"].Text, incident["failure"].Text }
                .FirstOrDefault(text => text.Length > 0) ?? "";
            table.Add(ColourOf(state), incident["id"].Text, state, status["target"].Text, incident["createdAt"].Text, about);
        }

        table.Write(screen, "There are no incidents.");
    }

    private static Verb Show(CommonOptions common)
    {
        var verb = new Verb(
            "show", "One incident: where it is, or how it ended and what was tried.", "heal incident show incident-4f1c...");
        Argument<string> id = verb.Takes(Id());
        return common.Bind(verb, async (parsed, session, cancellationToken) =>
        {
            Part incident = (await session.Api.GetAsync(
                ApiRequest.PathOf("api", "incidents", parsed.GetRequiredValue(id)), cancellationToken, ListNext)).Body;
            session.Show(incident, () => WriteOne(session.Screen, incident));
            return ExitCodes.Ok;
        });
    }

    private static void WriteOne(Screen screen, Part incident)
    {
        Part status = incident["status"];
        Part outcome = incident["outcome"];
        string state = StateOf(incident);
        new Facts()
            .Add("id", incident["id"])
            .Add("state", screen.Paint(state, ColourOf(state)))
            .Add("target", status["target"])
            .Add("opened", incident["createdAt"])
            .Add("in this phase since", outcome.Exists ? "" : status["since"].Text)
            .Add("ended", outcome["endedAt"])
            .Add("workflow", status["workflow"])
            .Add("hypothesis", status["hypothesis"])
            .Add("action", status["action"])
            .Add("question", outcome.Exists ? "" : status["question"].Text)
            .Add("detail", outcome.Exists ? "" : status["detail"].Text)
            .Add("reason", outcome["reason"])
            .Add("cause", outcome["cause"])
            .Add("signals", status["signals"])
            .Add("failure", incident["failure"])
            .Write(screen);
        foreach (Part action in outcome["actions"].Items)
        {
            screen.Line($"  tried: {string.Join(", ", action.Members.Where(member => member.Value.Exists)
                .Select(member => $"{member.Name} {member.Value.Text}"))}");
        }

        if (state != "Approve") return;
        string question = status["question"].Exists ? $" --question {status["question"].Text}" : "";
        screen.Note($"  next: heal incident approve {incident["id"].Text}{question}, or reject");
    }

    private static Verb Answer(CommonOptions common, bool approves)
    {
        Verb verb = approves
            ? new Verb("approve", "Lets a plan that waits go on.",
                "heal incident approve incident-4f1c... --question 1 --comment 'go ahead'",
                "heal incident approve incident-4f1c... --set by=2")
            : new Verb("reject", "Stops a plan that waits: the incident is escalated.",
                "heal incident reject incident-4f1c... --comment 'we are deploying'");
        Argument<string> id = verb.Takes(Id());
        Option<string> by = verb.Takes(new Option<string>("--by")
        {
            Description = "Who answers.", HelpName = "NAME", DefaultValueFactory = _ => Environment.UserName,
        });
        Option<string?> comment = verb.Takes(new Option<string?>("--comment") { Description = "Kept with the answer.", HelpName = "TEXT" });
        Option<int?> question = verb.Takes(new Option<int?>("--question")
        {
            Description = "The question that is answered, as 'incident show' has it: refused when another one is asked by now.",
            HelpName = "N",
        });
        Option<string[]>? set = approves
            ? verb.Takes(Parameters.Option("Replaces a parameter of the action; it is checked again. May be repeated."))
            : null;
        return common.Bind(verb, async (parsed, session, cancellationToken) =>
        {
            string incident = parsed.GetRequiredValue(id);
            var answer = new JsonObject
            {
                ["approved"] = approves, ["by"] = parsed.GetValue(by), ["comment"] = parsed.GetValue(comment),
                ["question"] = parsed.GetValue(question),
                ["parameters"] = set is null ? null : Parameters.Read(parsed.GetValue(set)),
            };
            ApiAnswer taken = await session.Api.SendAsync(
                new ApiRequest(HttpMethod.Post, ApiRequest.PathOf("api", "incidents", incident, "approval"))
                {
                    Body = JsonSerializer.SerializeToUtf8Bytes(answer), Next = ListNext,
                },
                cancellationToken);
            session.Show(taken.Body, () => session.Screen.Line(
                $"{Plain.Line(incident)}: {(approves ? "approved" : "rejected")}. 'heal incident show' tells what comes of it."));
            return ExitCodes.Ok;
        });
    }

    private static Argument<string> Id() => new("id") { Description = "The incident's id." };

    private static string StateOf(Part incident) => incident["outcome"]["kind"].Text is { Length: > 0 } kind ? kind
        : incident["runtimeStatus"].Text is "Failed" or "Terminated" ? incident["runtimeStatus"].Text
        : incident["status"]["phase"].Text is { Length: > 0 } phase ? phase
        : incident["runtimeStatus"].Text;

    private static Colour ColourOf(string state) => state switch
    {
        "Healed" or "NoActionNeeded" => Colour.Green,
        "Failed" or "Terminated" or "Escalated" or "CouldNotVerify" => Colour.Red,
        "Approve" or "RolledBack" => Colour.Yellow,
        _ => Colour.None,
    };
}
