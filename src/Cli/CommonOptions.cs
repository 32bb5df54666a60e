using System.CommandLine;
using System.Globalization;

namespace Heal.Cli;

/// <summary>Options that every verb has.</summary>
internal sealed class CommonOptions(Screen screen, Func<string, string?> environment, TimeProvider time)
{
    private const string DefaultUrl = "http://127.0.0.1:7071";
    private const int DefaultTimeoutSeconds = 30;
    private const int MaximumTimeoutSeconds = 3_600;

    private readonly Option<string?> _url = new("--url")
    {
        Description = $"Where the healer is (environment: HEAL_URL; default {DefaultUrl}).", HelpName = "URL", Recursive = true,
    };

    private readonly Option<string?> _keyFile = new("--key-file")
    {
        Description = "A file with the key, or a keys.json (environment: HEAL_KEY, the key itself).", HelpName = "FILE", Recursive = true,
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "table, or json: the healer's answer.", HelpName = "table|json", Recursive = true,
        DefaultValueFactory = _ => "table",
    };

    private readonly Option<int> _timeout = new("--timeout")
    {
        Description = $"How long one request may take, in seconds (1 to {MaximumTimeoutSeconds}).", HelpName = "SECONDS", Recursive = true,
        DefaultValueFactory = _ => DefaultTimeoutSeconds,
    };

    private readonly Option<bool> _yes = new("--yes", "-y")
    {
        Description = "Do not ask before something that cannot be taken back.", Recursive = true,
    };

    public void AddTo(RootCommand root)
    {
        _output.AcceptOnlyFromAmong("table", "json");
        foreach (Option option in new Option[] { _url, _keyFile, _output, _timeout, _yes }) root.Options.Add(option);
    }

    /// <summary>Has a verb do something with a session of its own.</summary>
    /// <param name="isAdmin">It needs the master key: a keys.json has both.</param>
    public Verb Bind(Verb verb, Func<ParseResult, Session, CancellationToken, Task<int>> run, bool isAdmin = false)
    {
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            using HealApi api = Open(parsed, isAdmin);
            var session = new Session(api, screen, time, parsed.GetValue(_output) == "json", parsed.GetValue(_yes));
            return await run(parsed, session, cancellationToken);
        });
        return verb;
    }

    private HealApi Open(ParseResult parsed, bool isAdmin)
    {
        string written = parsed.GetValue(_url) ?? Setting("HEAL_URL") ?? DefaultUrl;
        if (!Uri.TryCreate(written, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https")
            || url.UserInfo.Length > 0 || url.Query.Length > 0)
        {
            throw HealException.Usage(
                $"the healer's address is '{Plain.Line(written)}', expected http://HOST:PORT or https://HOST",
                "Mend --url, or HEAL_URL in the environment.");
        }

        int seconds = parsed.GetValue(_timeout);
        if (seconds is < 1 or > MaximumTimeoutSeconds)
        {
            throw HealException.Usage(
                string.Create(CultureInfo.InvariantCulture, $"--timeout is {seconds}, expected 1 to {MaximumTimeoutSeconds} seconds"),
                $"Leave it out for {DefaultTimeoutSeconds} s.");
        }

        string? key = parsed.GetValue(_keyFile) is { } file
            ? ApiKey.FromFile(file, isAdmin, screen)
            : Setting("HEAL_KEY") is { } text ? ApiKey.Checked(text, "HEAL_KEY") : null;
        return new HealApi(url, key, TimeSpan.FromSeconds(seconds), time);
    }

    private string? Setting(string name) => environment(name) is { Length: > 0 } value ? value : null;
}
