namespace Heal.Activities.Tests;

/// <summary>A kill switch that is off for so many questions, and then on.</summary>
internal sealed record SwitchedOn(int After) : ISafetySwitch
{
    private int _asked;

    public string? Objection() => ++_asked > After ? "the kill switch is on" : null;
}
