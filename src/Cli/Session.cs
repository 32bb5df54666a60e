namespace Heal.Cli;

/// <summary>What a verb works with.</summary>
/// <param name="IsJson">The answer is printed as the healer gave it, not as a table.</param>
/// <param name="IsConfirmed">--yes was given.</param>
internal sealed record Session(HealApi Api, Screen Screen, TimeProvider Time, bool IsJson, bool IsConfirmed)
{
    /// <summary>Asks before something that cannot be taken back.</summary>
    /// <exception cref="HealException">Nobody agreed, or nobody can be asked.</exception>
    public void Confirm(string act)
    {
        if (IsConfirmed) return;
        if (!Screen.CanAsk)
        {
            throw HealException.Usage($"{act}: nobody can be asked here, there is no terminal", "Say --yes when it is meant.");
        }

        if (!Screen.Asks($"{act}. Go on?"))
        {
            throw new HealException(ExitCodes.Failed, "nothing was done", next: "Answer 'y', or say --yes, when it is meant.");
        }
    }

    /// <summary>The answer as JSON when that is wanted, else what <paramref name="table"/> writes.</summary>
    public void Show(Part answer, Action table)
    {
        if (IsJson) Screen.Line(answer.Json);
        else table();
    }
}
