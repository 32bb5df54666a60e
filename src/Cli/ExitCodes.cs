namespace Heal.Cli;

/// <summary>What a script can tell by. Documented in docs/operating/command-line.md: never renumber.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The healer refused, or what was asked for failed.</summary>
    public const int Failed = 1;

    /// <summary>Wrong usage: nothing was sent.</summary>
    public const int Usage = 2;

    /// <summary>The healer, or what it needs for the answer, does not answer.</summary>
    public const int Unreachable = 3;

    /// <summary>No key, a wrong one, or one that does not open this.</summary>
    public const int NotAllowed = 4;

    /// <summary>Ctrl-C or SIGTERM, as shells have it.</summary>
    public const int Interrupted = 130;
}
