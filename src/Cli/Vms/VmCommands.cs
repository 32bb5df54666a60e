using System.CommandLine;
using System.Globalization;

namespace Heal.Cli;

/// <summary><c>heal vm</c>: machines from definitions.</summary>
internal static class VmCommands
{
    public static Command Build(CommonOptions common) => new("vm", "Virtual machines that are made from definitions.")
    {
        List(common), Show(common), Validate(common), Create(common), Delete(common), Start(common), Stop(common),
    };

    private static Verb List(CommonOptions common) => common.Bind(
        new Verb("list", "All machines, of all hosts that answer.", "heal vm list", "heal vm list --output json | jq -r '.machines[].id'"),
        (_, session, cancellationToken) => VmViews.ListAsync(session, cancellationToken));

    private static Verb Show(CommonOptions common)
    {
        var verb = new Verb("show", "One machine, and what is being done to it or was done last.", "heal vm show web-1");
        Argument<string> id = verb.Takes(Id());
        return common.Bind(verb, (parsed, session, cancellationToken) =>
            VmViews.ShowAsync(session, parsed.GetRequiredValue(id), cancellationToken));
    }

    private static Verb Validate(CommonOptions common)
    {
        var verb = new Verb(
            "validate", "What would come of a definition: its faults, the hosts' objections, the chosen host. Changes nothing.",
            "heal vm validate web-1.json", "heal vm validate web-1.json --xml", "generate | heal vm validate - --id web-1");
        Argument<string> file = verb.Takes(Definition());
        Option<string?> id = verb.Takes(IdOption());
        Option<bool> xml = verb.Takes(new Option<bool>("--xml") { Description = "Show the document that libvirt would get." });
        return common.Bind(verb, (parsed, session, cancellationToken) => VmValidation.RunAsync(
            session, parsed.GetRequiredValue(file), parsed.GetValue(id), parsed.GetValue(xml), cancellationToken));
    }

    private static Verb Create(CommonOptions common)
    {
        var verb = new Verb(
            "create", "Makes a machine from a definition. The same again joins what is under way, and is content with what is there.",
            "heal vm create web-1.json --wait", "heal vm create - --id web-1 < definition.json");
        Argument<string> file = verb.Takes(Definition());
        Option<string?> id = verb.Takes(IdOption());
        (Option<bool> wait, Option<int> limit) = TakesWait(verb);
        return common.Bind(verb, async (parsed, session, cancellationToken) =>
        {
            VmFile definition = await VmFile.ReadAsync(
                parsed.GetRequiredValue(file), parsed.GetValue(id), session.Screen, cancellationToken);
            var request = new ApiRequest(HttpMethod.Put, ApiRequest.PathOf("api", "vms", definition.Id))
            {
                Body = definition.Content, Next = "Mend it; 'heal vm validate' checks it without making anything.",
            };
            return await VmChange.RunAsync(
                session, definition.Id, "made", request, WaitOf(parsed, wait, limit), cancellationToken);
        });
    }

    private static Verb Delete(CommonOptions common)
    {
        var verb = new Verb(
            "delete", "Takes a machine away, with its snapshots and the volumes that were made for it.",
            "heal vm delete web-1 --wait", "heal vm delete web-1 --force --keep-volumes --yes");
        Argument<string> id = verb.Takes(Id());
        (Option<bool> force, Option<int?> grace) = TakesStop(verb);
        Option<bool> keep = verb.Takes(new Option<bool>("--keep-volumes") { Description = "The volumes stay." });
        (Option<bool> wait, Option<int> limit) = TakesWait(verb);
        return common.Bind(verb, (parsed, session, cancellationToken) =>
        {
            string machine = parsed.GetRequiredValue(id);
            bool keeps = parsed.GetValue(keep);
            string path = ApiRequest.PathOf("api", "vms", machine);
            session.Confirm($"machine '{Plain.Line(machine)}' goes{(keeps ? "" : ", and the volumes that were made for it")}");
            string query = StopQuery(parsed.GetValue(force), parsed.GetValue(grace), keeps);
            return VmChange.RunAsync(
                session, machine, "taken away", new ApiRequest(HttpMethod.Delete, path + query) { Next = ListNext },
                WaitOf(parsed, wait, limit), cancellationToken);
        });
    }

    private static Verb Start(CommonOptions common)
    {
        var verb = new Verb("start", "Starts a machine, and wishes it to run.", "heal vm start web-1 --wait");
        Argument<string> id = verb.Takes(Id());
        (Option<bool> wait, Option<int> limit) = TakesWait(verb);
        return common.Bind(verb, (parsed, session, cancellationToken) => VmChange.RunAsync(
            session, parsed.GetRequiredValue(id), "started",
            new ApiRequest(HttpMethod.Post, ApiRequest.PathOf("api", "vms", parsed.GetRequiredValue(id), "start")) { Next = ListNext },
            WaitOf(parsed, wait, limit), cancellationToken));
    }

    private static Verb Stop(CommonOptions common)
    {
        var verb = new Verb(
            "stop", "Has a machine's guest shut down, and wishes it to be off.", "heal vm stop web-1 --wait",
            "heal vm stop web-1 --grace 30 --force --yes");
        Argument<string> id = verb.Takes(Id());
        (Option<bool> force, Option<int?> grace) = TakesStop(verb);
        (Option<bool> wait, Option<int> limit) = TakesWait(verb);
        return common.Bind(verb, (parsed, session, cancellationToken) =>
        {
            string machine = parsed.GetRequiredValue(id);
            bool forces = parsed.GetValue(force);
            string path = ApiRequest.PathOf("api", "vms", machine, "stop");
            if (forces) session.Confirm($"the guest of machine '{Plain.Line(machine)}' is destroyed when it does not shut down in time");
            return VmChange.RunAsync(
                session, machine, "stopped",
                new ApiRequest(HttpMethod.Post, path + StopQuery(forces, parsed.GetValue(grace), keeps: false)) { Next = ListNext },
                WaitOf(parsed, wait, limit), cancellationToken);
        });
    }

    private const string ListNext = "'heal vm list' shows what there is, 'heal vm show ID' what is being done to it.";

    private static Argument<string> Id() => new("id") { Description = "The machine's id, as in its definition." };

    private static Argument<string> Definition() => new("file")
    {
        Description = "The definition in JSON; - reads it from standard input.",
    };

    private static Option<string?> IdOption() => new("--id")
    {
        Description = "The machine's id, where the definition has none.", HelpName = "ID",
    };

    private static (Option<bool> Force, Option<int?> Grace) TakesStop(Verb verb) => (
        verb.Takes(new Option<bool>("--force") { Description = "A guest that does not shut down in time is destroyed." }),
        verb.Takes(new Option<int?>("--grace")
        {
            Description = "How long the guest may take to shut down (default 120).", HelpName = "SECONDS",
        }));

    private static (Option<bool> Wait, Option<int> Limit) TakesWait(Verb verb) => (
        verb.Takes(new Option<bool>("--wait", "-w") { Description = "Wait for the end, and show the steps." }),
        verb.Takes(new Option<int>("--wait-limit")
        {
            Description = "How long to wait at most; the work goes on after it.", HelpName = "SECONDS",
            DefaultValueFactory = _ => (int)VmWait.DefaultLimit.TotalSeconds,
        }));

    // Null: do not wait.
    private static TimeSpan? WaitOf(ParseResult parsed, Option<bool> wait, Option<int> limit)
    {
        int seconds = parsed.GetValue(limit);
        if (seconds < 1 || seconds > VmWait.LongestLimit.TotalSeconds)
        {
            throw HealException.Usage(
                $"--wait-limit is {seconds}, expected 1 to {VmWait.LongestLimit.TotalSeconds:0} seconds", "Leave it out for an hour.");
        }

        return parsed.GetValue(wait) ? TimeSpan.FromSeconds(seconds) : null;
    }

    private static string StopQuery(bool forces, int? grace, bool keeps)
    {
        var parts = new List<string>();
        if (forces) parts.Add("force=true");
        if (keeps) parts.Add("keepVolumes=true");
        if (grace is { } seconds) parts.Add(string.Create(CultureInfo.InvariantCulture, $"graceSeconds={seconds}"));
        return parts.Count == 0 ? "" : $"?{string.Join('&', parts)}";
    }
}
