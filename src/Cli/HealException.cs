namespace Heal.Cli;

/// <summary>Ends a verb: what is wrong, where, and what to do next. Shown by <see cref="HealCommand"/>.</summary>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="what">One line.</param>
/// <param name="details">Where, and every single fault; a line each.</param>
/// <param name="next">What to do about it; null when the lines before say so.</param>
internal sealed class HealException(int exitCode, string what, IReadOnlyList<string>? details = null, string? next = null)
    : Exception(what)
{
    public int ExitCode { get; } = exitCode;

    public IReadOnlyList<string> Details { get; } = details ?? [];

    public string? Next { get; } = next;

    public static HealException Usage(string what, string next) => new(ExitCodes.Usage, what, next: next);
}
