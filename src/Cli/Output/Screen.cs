namespace Heal.Cli;

internal enum Colour
{
    None,
    Red,
    Green,
    Yellow,
}

/// <summary>All that a verb reads from and writes to: answers to the output, everything about them to the errors.</summary>
/// <param name="canAsk">A person sits at the terminal.</param>
/// <param name="width">Columns of the terminal; null where the output is none: nothing is cut there.</param>
/// <param name="hasColours">Of the output.</param>
/// <param name="hasErrorColours">Of the errors.</param>
internal sealed class Screen(
    TextReader input, TextWriter output, TextWriter errors, bool canAsk = false, int? width = null, bool hasColours = false,
    bool hasErrorColours = false)
{
    private const string Reset = "\u001b[0m";

    public TextReader Input => input;

    public TextWriter Output => output;

    public TextWriter Errors => errors;

    public bool CanAsk => canAsk;

    public int? Width => width;

    /// <summary>The process's own. NO_COLOR (no-color.org) and TERM=dumb are respected.</summary>
    public static Screen OfConsole()
    {
        bool wantsColours = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not "dumb";
        return new Screen(
            Console.In, Console.Out, Console.Error,
            canAsk: !Console.IsInputRedirected && !Console.IsErrorRedirected,
            // a terminal that does not tell its width says 0
            width: Console.IsOutputRedirected || Console.WindowWidth <= 0 ? null : Console.WindowWidth,
            hasColours: wantsColours && !Console.IsOutputRedirected,
            hasErrorColours: wantsColours && !Console.IsErrorRedirected);
    }

    public void Line(string text = "") => output.WriteLine(text);

    public void Note(string text) => errors.WriteLine(text);

    public string Paint(string text, Colour colour, bool onErrors = false) => (onErrors ? hasErrorColours : hasColours) switch
    {
        true when colour != Colour.None => $"\u001b[{Code(colour)}m{text}{Reset}",
        _ => text,
    };

    /// <summary>Only "y" and "yes" agree.</summary>
    public bool Asks(string question)
    {
        errors.Write($"{question} [y/N] ");
        errors.Flush();
        return input.ReadLine()?.Trim().ToUpperInvariant() is "Y" or "YES";
    }

    private static int Code(Colour colour) => colour switch
    {
        Colour.Red => 31,
        Colour.Green => 32,
        _ => 33,
    };
}
