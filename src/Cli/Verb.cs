using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Heal.Cli;

/// <summary>One verb of a noun, with examples that its help shows.</summary>
internal sealed class Verb : Command
{
    public Verb(string name, string description, params string[] examples)
        : base(name, description) => Examples = examples;

    public IReadOnlyList<string> Examples { get; }

    /// <summary>Adds an argument or option, and hands it back.</summary>
    public T Takes<T>(T symbol)
        where T : Symbol
    {
        switch (symbol)
        {
            case Argument argument: Arguments.Add(argument); break;
            case Option option: Options.Add(option); break;
            default: throw new ArgumentException($"a {symbol.GetType().Name} is neither argument nor option", nameof(symbol));
        }

        return symbol;
    }
}

/// <summary>The help of System.CommandLine, and the verb's examples after it.</summary>
internal sealed class HelpWithExamples(HelpAction standard) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        int result = standard.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb { Examples.Count: > 0 } verb)
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (string example in verb.Examples) output.WriteLine($"  {example}");
            output.WriteLine();
        }

        return result;
    }
}
