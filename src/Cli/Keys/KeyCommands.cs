using System.CommandLine;
using System.Net;

namespace Heal.Cli;

/// <summary><c>heal key</c>: the keys that open the healer. All of it wants the master key.</summary>
internal static class KeyCommands
{
    private const string ListNext = "'heal key list' shows what there is.";

    public static Command Build(CommonOptions common) => new("key", "Keys that open the healer. Needs the master key.")
    {
        List(common), Create(common), Rotate(common), Delete(common),
    };

    private static Verb List(CommonOptions common)
    {
        var verb = new Verb("list", "Names of keys; nobody can read a value back.", "heal key list", "heal key list --function PutVm");
        Scope scope = Scope.Of(verb);
        return Bind(common, verb, scope, async (path, _, session, cancellationToken) =>
        {
            Part keys = (await session.Api.GetAsync(path, cancellationToken)).Body;
            session.Show(keys, () =>
            {
                var table = new Table("NAME");
                foreach (Part key in keys["keys"].Items) table.Add(key["name"].Text);
                table.Write(session.Screen, "There are no keys here.");
            });
            return ExitCodes.Ok;
        });
    }

    private static Verb Create(CommonOptions common)
    {
        var verb = new Verb(
            "create", "Makes a key with a random value, and prints it: this once.", "heal key create alertmanager > alertmanager.key",
            "heal key create pager --function ReceiveAlerts");
        Argument<string> name = verb.Takes(Name());
        Scope scope = Scope.Of(verb);
        return Bind(common, verb, scope, async (path, parsed, session, cancellationToken) =>
        {
            string key = parsed.GetRequiredValue(name);
            if (await IsThereAsync(session, path, key, cancellationToken))
            {
                throw new HealException(
                    ExitCodes.Failed, $"there is a key '{Plain.Line(key)}' already", next: "'heal key rotate' gives it a new value.");
            }

            return await SetAsync(session, path, key, cancellationToken);
        });
    }

    private static Verb Rotate(CommonOptions common)
    {
        var verb = new Verb(
            "rotate", "Gives a key a new random value, and prints it: this once. The old value stops working within seconds.",
            "heal key rotate alertmanager --yes > alertmanager.key", "heal key rotate _master");
        Argument<string> name = verb.Takes(Name());
        Scope scope = Scope.Of(verb);
        return Bind(common, verb, scope, async (path, parsed, session, cancellationToken) =>
        {
            string key = parsed.GetRequiredValue(name);
            // the master key is not among those that can be looked up
            if (key != "_master" && !await IsThereAsync(session, path, key, cancellationToken))
            {
                throw new HealException(ExitCodes.Failed, $"there is no key '{Plain.Line(key)}' here", next: ListNext);
            }

            session.Confirm($"whoever uses key '{Plain.Line(key)}' is locked out until they have the new value");
            return await SetAsync(session, path, key, cancellationToken);
        });
    }

    private static Verb Delete(CommonOptions common)
    {
        var verb = new Verb("delete", "Deletes a key: whoever uses it is locked out.", "heal key delete pager --function ReceiveAlerts");
        Argument<string> name = verb.Takes(Name());
        Scope scope = Scope.Of(verb);
        return Bind(common, verb, scope, async (path, parsed, session, cancellationToken) =>
        {
            string key = parsed.GetRequiredValue(name);
            string address = path + ApiRequest.PathOf(key);
            session.Confirm($"key '{Plain.Line(key)}' goes, and whoever uses it is locked out");
            ApiAnswer answer = await session.Api.SendAsync(
                new ApiRequest(HttpMethod.Delete, address) { Next = ListNext }, cancellationToken);
            session.Show(answer.Body, () => session.Screen.Line($"key '{Plain.Line(key)}' deleted"));
            return ExitCodes.Ok;
        });
    }

    private static Verb Bind(
        CommonOptions common, Verb verb, Scope scope, Func<string, ParseResult, Session, CancellationToken, Task<int>> run) => common.Bind(
            verb, (parsed, session, cancellationToken) => run(scope.PathOf(parsed), parsed, session, cancellationToken), isAdmin: true);

    private static async Task<bool> IsThereAsync(Session session, string path, string key, CancellationToken cancellationToken)
    {
        ApiAnswer answer = await session.Api.SendAsync(
            new ApiRequest(HttpMethod.Get, path + ApiRequest.PathOf(key)) { AlsoFine = [HttpStatusCode.NotFound] }, cancellationToken);
        return answer.Status != HttpStatusCode.NotFound;
    }

    private static async Task<int> SetAsync(Session session, string path, string key, CancellationToken cancellationToken)
    {
        Part set = (await session.Api.SendAsync(
            new ApiRequest(HttpMethod.Post, path + ApiRequest.PathOf(key)) { Next = ListNext }, cancellationToken)).Body;
        session.Show(set, () => session.Screen.Line(set["value"].Text));
        session.Screen.Note("heal: keep the value now: nobody can read it back");
        return ExitCodes.Ok;
    }

    private static Argument<string> Name() => new("name") { Description = "The key's name." };

    /// <summary>Whose keys: the host's, a function's, the system's.</summary>
    private sealed record Scope(Option<string?> Function, Option<bool> System)
    {
        public static Scope Of(Verb verb) => new(
            verb.Takes(new Option<string?>("--function") { Description = "Keys of one function.", HelpName = "NAME" }),
            verb.Takes(new Option<bool>("--system") { Description = "Keys of the system: the management API." }));

        public string PathOf(ParseResult parsed) => (parsed.GetValue(Function), parsed.GetValue(System)) switch
        {
            ({ }, true) => throw HealException.Usage("--function and --system are both given, expected one of them", "Leave one out."),
            ({ } function, _) => ApiRequest.PathOf("admin", "functions", function, "keys"),
            (null, true) => ApiRequest.PathOf("admin", "host", "systemkeys"),
            _ => ApiRequest.PathOf("admin", "host", "keys"),
        };
    }
}
