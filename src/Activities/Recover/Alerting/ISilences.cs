namespace Heal.Activities;

/// <summary>Silences of an alert manager, the writing side.</summary>
internal interface ISilences
{
    /// <summary>Those that the healer made, the ended ones that are still kept included.</summary>
    /// <exception cref="SilenceException">It was asked and did not answer as it should.</exception>
    Task<IReadOnlyList<Silence>> OursAsync(CancellationToken cancellationToken);

    /// <summary>How many alerts fire with these labels and are not silenced.</summary>
    /// <exception cref="SilenceException">It was asked and did not answer as it should.</exception>
    Task<int> CountFiringAsync(IReadOnlyDictionary<string, string> labels, CancellationToken cancellationToken);

    /// <summary>Sent once: whether it was taken shows in <see cref="OursAsync"/> by the comment.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="SilenceException">It was not taken, or that is not known.</exception>
    Task<string> CreateAsync(
        IReadOnlyDictionary<string, string> labels, DateTimeOffset endsAt, string comment, CancellationToken cancellationToken);

    /// <summary>Ends a silence now. One that has ended stays as it is.</summary>
    /// <exception cref="SilenceException">It did not.</exception>
    Task EndAsync(string id, CancellationToken cancellationToken);
}

/// <param name="Ended">True also when its time is over.</param>
internal sealed record Silence(string Id, bool Ended, string Comment, DateTimeOffset EndsAt);

/// <summary>The alert manager failed; whether a write took effect is not known.</summary>
internal sealed class SilenceException(string detail) : Exception($"Alertmanager: {detail}");
