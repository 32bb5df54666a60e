namespace Heal.Healing;

/// <summary>What keeps the healer from doing harm by zeal. Defaults are the ones that proved themselves elsewhere.</summary>
public sealed record SafetyLimits
{
    /// <summary>Actions that one incident may make, their inverses not counted. Default 3.</summary>
    public int MaxActionsPerIncident { get; init; } = 3;

    /// <summary>Pause after an operation on a target before the next incident of that target may act. Default 5 minutes.</summary>
    public TimeSpan RecentlyRemediated { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Operations on one target, within <see cref="IneffectiveWindow"/>, after which people are called instead. Default
    /// 3.</summary>
    public int IneffectiveCycles { get; init; } = 3;

    /// <summary>How far back operations count as cycles. Default 4 hours.</summary>
    public TimeSpan IneffectiveWindow { get; init; } = TimeSpan.FromHours(4);

    /// <summary>Times that a fix may be reverted by another actor before that actor is named and the fix is not repeated. Default
    /// 2.</summary>
    public int RevertedFixes { get; init; } = 2;

    /// <summary>Between attempts while another operation on the target is under way. Default 30 seconds.</summary>
    public TimeSpan TargetBusy { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Times that a target is found busy before people are called. Default 10.</summary>
    public int TargetBusyAttempts { get; init; } = 10;

    /// <summary>Times that a closed diagnosis is looked at again because a new signal arrived before the close. Default 3.</summary>
    public int Reopenings { get; init; } = 3;
}
