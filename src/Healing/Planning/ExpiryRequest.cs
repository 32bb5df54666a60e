namespace Heal.Healing;

/// <summary>An effect that must not stay longer than this: what the orchestration of its end starts with.</summary>
/// <param name="Key">The idempotency key of the operation whose effect ends.</param>
/// <param name="At">When its inverse is due.</param>
public sealed record ExpiryRequest(string Key, string IncidentId, string ActionId, TargetReference Target, DateTimeOffset At)
{
    /// <summary>The event that the incident sends to the orchestration once its recovery is verified.</summary>
    public const string Recovered = "Recovered";

    /// <summary>See <see cref="ActionDescriptor.EndsWithNeed"/>.</summary>
    public bool EndsWithNeed { get; init; }

    /// <summary>When it is due the effect is made final, not taken back: see <see cref="ActionDescriptor.SettledBy"/>.</summary>
    public bool Settles { get; init; }

    /// <summary>The orchestration's instance id: one per operation.</summary>
    public string InstanceId => InstanceOf(Key);

    /// <summary>The instance id for the key of an operation.</summary>
    public static string InstanceOf(string key) => $"expire-{key.Replace('/', '-')}";

    /// <summary>The key of the inverse, whoever asks for it: the incident that failed to verify, or the time.</summary>
    public string UndoKey => $"{Key}/undo";
}

/// <summary>How an effect with a time limit ended.</summary>
/// <param name="Attempts">How often the inverse was tried.</param>
public sealed record ExpiryOutcome(string Key, ActionStatus Status, string Detail, int Attempts);
