using Microsoft.Azure.Functions.Worker.Keys;

namespace Microsoft.Azure.Functions.Worker.Admin;

/// <summary>
/// The function app as a command: <c>dotnet run -- keys list|set|rotate|delete [--master|--system|--function F] [NAME]</c>. Works on the
/// store itself, without a host that runs; hosts that run notice within 2 s. A made key is printed once, on standard output.
/// </summary>
internal sealed record KeyCommand(string Verb, KeyKind? Kind, string Function, string Name)
{
    public const string Word = "keys";

    private const string Usage = """
        keys list   [--master | --system | --function F]
        keys rotate [--master | --system | --function F] NAME    makes the key, or gives it a new random value, and prints it
        keys set    [--master | --system | --function F] NAME    the same with a value from standard input
        keys delete [--system | --function F] NAME
        Without an option it is a host key, which opens every function of level Function. With --master there is no NAME.
        Settings go before or after as --NAME=value.
        """;

    public static bool IsAsked(string[] args) => args.Length > 0 && args[0] == Word;

    /// <exception cref="KeyRefusedException">The words are no command; the message says which are.</exception>
    public static KeyCommand Parse(string[] args)
    {
        string[] words = [.. args.Skip(1).Where(static arg => !IsSetting(arg))];
        if (words is not [var verb, .. var rest] || verb is not ("list" or "set" or "rotate" or "delete"))
        {
            throw Wrong($"expected list, set, rotate or delete, got '{words.FirstOrDefault()}'");
        }

        KeyKind? kind = null;
        string function = "";
        string? name = null;
        for (int i = 0; i < rest.Length; i++)
        {
            (kind, name) = (rest[i], kind, name) switch
            {
                ("--master", null, _) => (KeyKind.Master, name),
                ("--system", null, _) => (KeyKind.System, name),
                ("--function", null, _) when i + 1 < rest.Length => (KeyKind.Function, name),
                (['-', ..], _, _) => throw Wrong($"option '{rest[i]}' is unknown, one too many, or without its value"),
                (_, _, null) => (kind, rest[i]),
                _ => throw Wrong($"'{rest[i]}' is one word too many"),
            };
            function = kind == KeyKind.Function && function.Length == 0 ? rest[++i] : function;
        }

        if (verb == "list")
        {
            return name is null ? new(verb, kind, function, "") : throw Wrong($"'{name}' is one word too many");
        }

        return (kind == KeyKind.Master) == (name is null)
            ? new(verb, kind ?? KeyKind.Host, function, name ?? KeyId.MasterName)
            : throw Wrong(name is null ? "NAME is missing" : "the master key has no other name");
    }

    /// <exception cref="KeyRefusedException">It cannot be done; the message says why.</exception>
    public async Task RunAsync(
        KeyAdmin keys, IReadOnlyCollection<string> functions, TextReader input, TextWriter output, CancellationToken cancellationToken)
    {
        string function = Kind != KeyKind.Function ? ""
            : functions.FirstOrDefault(f => string.Equals(f, Function, StringComparison.OrdinalIgnoreCase))
                ?? throw new KeyRefusedException($"There is no function '{Function}'. There are: {string.Join(", ", functions)}.");
        var id = new KeyId(Kind ?? KeyKind.Host, function, Name);
        switch (Verb)
        {
            case "list":
                foreach (ListedKey key in await keys.ListAsync(
                    Kind, Kind == KeyKind.Function ? function : null, cancellationToken))
                {
                    await output.WriteLineAsync($"{key.Id}{(key.IsConfigured ? " (from a setting)" : "")}");
                }

                break;
            case "delete":
                if (!await keys.DeleteAsync(id, cancellationToken))
                {
                    throw new KeyRefusedException($"There is no {id}.");
                }

                break;
            default:
                string? value = Verb == "set"
                    ? (await input.ReadLineAsync(cancellationToken))?.Trim() ?? throw Wrong("expected the value on standard input")
                    : null;
                SetKey set = await keys.SetAsync(id, value, cancellationToken);
                if (value is null)
                {
                    await output.WriteLineAsync(set.Value);
                }

                break;
        }
    }

    private static bool IsSetting(string arg) =>
        arg.StartsWith("--", StringComparison.Ordinal) && arg.Contains('=', StringComparison.Ordinal);

    private static KeyRefusedException Wrong(string what) => new($"keys: {what}.{Environment.NewLine}{Usage}");
}
