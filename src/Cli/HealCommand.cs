using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Heal.Cli;

/// <summary>The command <c>heal</c>: its nouns, and how what goes wrong is told.</summary>
internal static class HealCommand
{
    /// <param name="environment">Environment variables by name; null or empty when unset.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(
        string[] arguments, Screen screen, Func<string, string?> environment, TimeProvider time, CancellationToken cancellationToken)
    {
        RootCommand root = Build(new CommonOptions(screen, environment, time));
        // "@file" is not replaced by what is in the file: a name may begin with @
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        try
        {
            if (parsed.Action is ParseErrorAction) throw WrongUsage(parsed);
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = screen.Output, Error = screen.Errors, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null,
                },
                cancellationToken);
        }
        catch (HealException failure)
        {
            return Tell(screen, failure);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Tell(screen, new HealException(
                ExitCodes.Interrupted, "interrupted",
                next: "Whether the last request took effect is not known: look before you repeat it."));
        }
    }

    /// <summary>The tree of its nouns, verbs and options.</summary>
    public static RootCommand Build(CommonOptions common)
    {
        var root = new RootCommand("heal: the command line of the healer. heal <noun> <verb> --help shows examples.")
        {
            VmCommands.Build(common), IncidentCommands.Build(common), ActionCommands.Build(common), KeyCommands.Build(common),
            StatusCommand.Build(common),
        };
        common.AddTo(root);
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    private static HealException WrongUsage(ParseResult parsed)
    {
        string path = string.Join(' ', parsed.CommandResult.Command.Parents.OfType<Command>().Reverse()
            .Append(parsed.CommandResult.Command).Select(command => command is RootCommand ? "heal" : command.Name));
        string[] verbs = [.. parsed.CommandResult.Command.Subcommands.Select(command => command.Name)];
        return new HealException(
            ExitCodes.Usage,
            $"wrong usage of '{path}'",
            [
                .. parsed.Errors.Select(error => Plain.Line(error.Message)),
                .. verbs.Length > 0 ? new[] { $"expected one of: {string.Join(", ", verbs)}" } : [],
            ],
            $"{path} --help");
    }

    private static int Tell(Screen screen, HealException failure)
    {
        screen.Note(screen.Paint($"heal: {failure.Message}", Colour.Red, onErrors: true));
        foreach (string detail in failure.Details) screen.Note($"  {detail}");
        if (failure.Next is { } next) screen.Note($"  next: {next}");
        return failure.ExitCode;
    }
}
