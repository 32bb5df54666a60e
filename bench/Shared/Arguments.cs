namespace Heal.Bench;

/// <summary>What a driver was asked to do: <c>[--quick] [--json FILE] [BENCHMARK...]</c>, and for some an option with a number.</summary>
/// <param name="Number">Of the driver's own option; null when it was not given.</param>
/// <param name="Names">The benchmarks to run, in order.</param>
internal sealed record Arguments(bool Quick, int? Number, string? Json, IReadOnlyList<string> Names)
{
    /// <param name="known">All benchmarks; they run when none is named.</param>
    /// <param name="own">The driver's own option and what its number is, for the message; null when it has none.</param>
    /// <returns>Null when something is unknown, which the error stream says.</returns>
    public static Arguments? Read(string[] args, IReadOnlyCollection<string> known, (string Option, string Meaning)? own = null)
    {
        var read = new Arguments(Quick: false, Number: null, Json: null, []);
        var names = new List<string>();
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--quick":
                    read = read with { Quick = true };
                    break;
                case var option
                    when option == own?.Option && i + 1 < args.Length && int.TryParse(args[i + 1], out int number) && number > 0:
                    read = read with { Number = number };
                    i++;
                    break;
                case "--json" when i + 1 < args.Length:
                    read = read with { Json = args[++i] };
                    break;
                case var name when known.Contains(name):
                    names.Add(name);
                    break;
                default:
                    string further = own is { } named ? $"{named.Option} {named.Meaning}, " : "";
                    Console.Error.WriteLine(
                        $"Unknown benchmark or option '{args[i]}'. Known: --quick, {further}--json FILE, {string.Join(", ", known)}.");
                    return null;
            }
        }

        return read with { Names = names.Count > 0 ? names : [.. known] };
    }
}
