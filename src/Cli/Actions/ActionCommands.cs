using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Heal.Cli;

/// <summary><c>heal action</c>: what the healer can do, and what that would change.</summary>
internal static class ActionCommands
{
    public static Command Build(CommonOptions common) => new("action", "Remediation actions: what there is, what one would change.")
    {
        List(common), DryRun(common),
    };

    private static Verb List(CommonOptions common) => common.Bind(
        new Verb("list", "Every action, with its risk and what it is for.", "heal action list",
            "heal action list --output json | jq '.[] | select(.id == \"scale_workload\") | .parameters'"),
        async (_, session, cancellationToken) =>
        {
            Part actions = (await session.Api.GetAsync(ApiRequest.PathOf("api", "actions"), cancellationToken)).Body;
            session.Show(actions, () =>
            {
                var table = new Table("ID", "RISK", "TARGETS", "SUMMARY");
                foreach (Part action in actions.Items)
                {
                    table.Add(action["id"].Text, action["risk"].Text, action["targetKinds"].Joined, action["summary"].Text);
                }

                table.Write(session.Screen, "There are no actions.");
            });
            return ExitCodes.Ok;
        });

    private static Verb DryRun(CommonOptions common)
    {
        var verb = new Verb(
            "dry-run", "What an action would change on a target as it is now, or why it would not. Nothing is touched.",
            "heal action dry-run rollout_restart --kind Deployment --namespace shop --name cart",
            "heal action dry-run scale_workload --kind Deployment -n shop --name cart --set by=2");
        Argument<string> id = verb.Takes(new Argument<string>("id") { Description = "The action's id." });
        Option<string> kind = verb.Takes(new Option<string>("--kind")
        {
            Description = "The target's kind.", HelpName = "KIND", Required = true,
        });
        Option<string> name = verb.Takes(new Option<string>("--name") { Description = "Its name.", HelpName = "NAME", Required = true });
        Option<string?> space = verb.Takes(new Option<string?>("--namespace", "-n") { Description = "Its namespace.", HelpName = "NAME" });
        Option<string?> cluster = verb.Takes(new Option<string?>("--cluster")
        {
            Description = "Its cluster or libvirt host (default: the healer's own).", HelpName = "NAME",
        });
        Option<string[]> set = verb.Takes(Parameters.Option("A parameter of the action. May be repeated."));
        return common.Bind(verb, async (parsed, session, cancellationToken) =>
        {
            var body = new JsonObject
            {
                ["target"] = new JsonObject
                {
                    ["kind"] = parsed.GetValue(kind), ["name"] = parsed.GetValue(name), ["namespace"] = parsed.GetValue(space),
                    ["cluster"] = parsed.GetValue(cluster),
                },
                ["parameters"] = Parameters.Read(parsed.GetValue(set)),
            };
            Part reply = (await session.Api.SendAsync(
                new ApiRequest(HttpMethod.Post, ApiRequest.PathOf("api", "actions", parsed.GetRequiredValue(id), "dry-run"))
                {
                    Body = JsonSerializer.SerializeToUtf8Bytes(body), Next = "'heal action list' shows the actions and their targets.",
                },
                cancellationToken)).Body;
            bool wouldAct = reply["wouldAct"].Flag == true;
            session.Show(reply, () => session.Screen.Line(
                $"{session.Screen.Paint(wouldAct ? "would act" : "would not act", wouldAct ? Colour.Green : Colour.Yellow)}: "
                + $"{reply["detail"].Text} ({reply["status"].Text})"));
            return wouldAct ? ExitCodes.Ok : ExitCodes.Failed;
        });
    }
}
